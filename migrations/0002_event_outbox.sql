-- SPDX-License-Identifier: Apache-2.0
-- The outbox of domain events. A deployment may have brought it already.

CREATE TABLE IF NOT EXISTS events.events (
    id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    timestamp_utc timestamp without time zone NOT NULL,
    queue character varying NOT NULL,
    payload jsonb NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (id)
);
