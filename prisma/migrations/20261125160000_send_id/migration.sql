-- DropIndex
DROP INDEX "attempts_created_at_idx";

-- DropIndex
DROP INDEX "attempts_delivery_id_idx";

-- AlterTable
ALTER TABLE "attempts" ADD COLUMN     "send_id" UUID NOT NULL DEFAULT gen_random_uuid();

-- CreateIndex
CREATE UNIQUE INDEX "attempts_delivery_id_send_id_key" ON "attempts"("delivery_id", "send_id");
