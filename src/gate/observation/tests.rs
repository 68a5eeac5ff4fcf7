//! Tests of an observation.
