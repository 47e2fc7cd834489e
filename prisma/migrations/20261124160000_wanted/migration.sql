-- AlterTable
ALTER TABLE "deliveries" ADD COLUMN     "is_resend" BOOLEAN NOT NULL DEFAULT false;

-- Whether a delivery is still to be sent, as far as its type goes: its endpoint listens to it, or somebody asked for it
-- to be sent again.
CREATE FUNCTION is_wanted(delivery deliveries, event_type text) RETURNS boolean
LANGUAGE sql STABLE
RETURN delivery.is_resend OR EXISTS (
    SELECT FROM endpoint_events listening
    WHERE listening.endpoint_id = delivery.endpoint_id AND listening.type = event_type
);
