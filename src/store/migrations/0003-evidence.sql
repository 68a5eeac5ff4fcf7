-- Schema 3: what people say and what single checks found. Rows are added and never changed.

CREATE TABLE lg_evidence (
    number {key},
    -- `attestation` or `check`.
    kind TEXT NOT NULL,
    at_ns BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX lg_evidence_by_kind ON lg_evidence (kind, at_ns);
