-- AlterTable
ALTER TABLE "deliveries" ADD COLUMN     "resend_count" INTEGER NOT NULL DEFAULT 0;
