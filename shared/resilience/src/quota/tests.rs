//! Tests of the quota.
