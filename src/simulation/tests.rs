//! Tests of simulated observations.
