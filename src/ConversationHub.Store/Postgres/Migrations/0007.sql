-- What owners did by command, until a running replica has accounted for it.

CREATE TABLE maestra.owner_acts (
    act_id text PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    event text NOT NULL,
    subject text NOT NULL,
    command text NOT NULL
);
