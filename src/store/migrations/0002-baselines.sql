-- Schema 2: repetitions of one load, and baselines made of runs.

-- Both NULL for a run that was made alone.
ALTER TABLE lg_runs ADD COLUMN repetition_set TEXT;
ALTER TABLE lg_runs ADD COLUMN repetition_number INTEGER;
CREATE INDEX lg_runs_by_set ON lg_runs (repetition_set);

CREATE TABLE lg_baselines (
    number {key},
    name TEXT NOT NULL UNIQUE,
    made_ns BIGINT NOT NULL
);

CREATE TABLE lg_baseline_runs (
    baseline BIGINT NOT NULL REFERENCES lg_baselines (number),
    -- A run can't be removed while it belongs to a baseline.
    run BIGINT NOT NULL REFERENCES lg_runs (number),
    -- The order in which the runs joined.
    place INTEGER NOT NULL,
    PRIMARY KEY (baseline, run)
){clustered};

CREATE INDEX lg_baseline_runs_by_run ON lg_baseline_runs (run);
