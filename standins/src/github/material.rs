//! What there is to read besides threads: one change, and one run that failed, the same for everybody.

use serde_json::{Value, json};

use crate::kit::Reply;

/// `GET …/pulls/{number}/files`.
pub(super) fn files() -> Reply {
    let patch = "@@ -88,6 +88,7 @@ impl Exporter {\n     fn finish(&mut self) -> io::Result<()> {\n+        self.out.flush()\n     }";
    Reply::ok(json!([
        {"filename": "src/export/csv.rs", "status": "modified", "additions": 1, "deletions": 0, "changes": 1, "patch": patch},
        {"filename": "docs/export.png", "status": "added", "additions": 0, "deletions": 0, "changes": 0},
    ]))
}

/// `GET …/actions/runs/{id}/jobs`.
pub(super) fn jobs(run: &str) -> Reply {
    let steps = json!([
        {"name": "Checkout", "status": "completed", "conclusion": "success", "number": 1},
        {"name": "Run tests", "status": "completed", "conclusion": "failure", "number": 2},
    ]);
    let job = json!({"id": 31_000_001_u64, "run_id": run.parse::<u64>().unwrap_or(0), "name": "test",
        "status": "completed", "conclusion": "failure", "steps": steps});
    Reply::ok(json!({"total_count": 1, "jobs": [job]}))
}

/// The log of a job.
pub(super) fn log() -> Reply {
    Reply::ok(Value::String("2026-11-19T10:31:07.0000000Z test export::keeps_last_row ... FAILED".to_owned()))
}
