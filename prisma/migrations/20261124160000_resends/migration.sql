-- AlterTable
ALTER TABLE "deliveries" ADD COLUMN     "is_resend" BOOLEAN NOT NULL DEFAULT false;
