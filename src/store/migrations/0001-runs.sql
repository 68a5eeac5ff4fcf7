-- Schema 1. {blob}, {key} and {clustered} are the only words in which the databases differ.
--
-- Documents that are only ever read as a whole are JSON; distributions are HDR V2 histograms,
-- deflated. Figures in lg_runs are there for the list of runs and follow from the rest.

CREATE TABLE lg_runs (
    number {key},
    id TEXT NOT NULL UNIQUE,
    format_major INTEGER NOT NULL,
    format_minor INTEGER NOT NULL,
    scenario TEXT NOT NULL,
    target TEXT NOT NULL,
    target_version TEXT,
    started_ns BIGINT NOT NULL,
    lasted_ns BIGINT NOT NULL,
    -- complete, interrupted, killed, aborted; NULL while the run is not finished
    state TEXT,
    requests BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    header TEXT NOT NULL,
    -- what is known at the end, and the counts of the whole run; NULL while it is not finished
    ended TEXT,
    tallies TEXT
);

CREATE TABLE lg_series (
    run BIGINT NOT NULL REFERENCES lg_runs (number),
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, id)
){clustered};

CREATE TABLE lg_intervals (
    run BIGINT NOT NULL REFERENCES lg_runs (number),
    n INTEGER NOT NULL,
    start_ns BIGINT NOT NULL,
    length_ns BIGINT NOT NULL,
    gauges TEXT NOT NULL,
    tallies TEXT NOT NULL,
    PRIMARY KEY (run, n)
){clustered};

CREATE TABLE lg_cells (
    run BIGINT NOT NULL REFERENCES lg_runs (number),
    n INTEGER NOT NULL,
    phase SMALLINT NOT NULL,
    series INTEGER NOT NULL,
    metric SMALLINT NOT NULL,
    beyond BIGINT NOT NULL,
    histogram {blob} NOT NULL,
    PRIMARY KEY (run, n, phase, series, metric)
){clustered};

-- lg_cells added up over the whole run, so that a report needn't read every second of it.
CREATE TABLE lg_totals (
    run BIGINT NOT NULL REFERENCES lg_runs (number),
    phase SMALLINT NOT NULL,
    series INTEGER NOT NULL,
    metric SMALLINT NOT NULL,
    beyond BIGINT NOT NULL,
    histogram {blob} NOT NULL,
    PRIMARY KEY (run, phase, series, metric)
){clustered};
