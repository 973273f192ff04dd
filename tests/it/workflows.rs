//! What GitHub's runners do in our name: only what is pinned, with no more rights than it needs.

use std::fs;
use std::path::Path;
use std::process::Command;

use yaml_serde::Value;

/// Name, text and tree of each workflow.
fn workflows() -> Vec<(String, String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let tree = yaml_serde::from_str(&text).unwrap();
            (path.file_name().unwrap().to_string_lossy().into_owned(), text, tree)
        })
        .collect();
    found.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    assert!(found.len() >= 5, "the workflows are found");
    found
}

/// A tag can be moved by whoever takes an action over; a commit cannot.
#[test]
fn workflows_use_actions_by_their_commits() {
    for (name, text, _) in workflows() {
        for line in
            text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            if line.starts_with("./") {
                continue;
            }
            let (action, said) = line.split_once(" # ").unwrap_or((line, ""));
            let commit = action.split_once('@').map(|(_, commit)| commit).unwrap_or_default();
            let pinned = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(pinned && said.starts_with('v'), "{name}: {line}");
        }
    }
}

#[test]
fn workflows_have_no_rights_but_those_that_each_job_names() {
    for (name, _, tree) in workflows() {
        assert_eq!(tree["permissions"].as_mapping().map(|rights| rights.len()), Some(0), "{name}");
        for (job, steps) in tree["jobs"].as_mapping().unwrap() {
            let rights = steps["permissions"].as_mapping().unwrap_or_else(|| panic!("{name}: {job:?}"));
            assert_eq!(
                rights["contents"] != "read",
                name == "release.yml" && job == "publish",
                "{name}: {job:?}"
            );
        }
    }
}

#[test]
fn known_holes_are_looked_for_every_day() {
    let (_, text, tree) = workflows().into_iter().find(|(name, ..)| name == "advisories.yml").unwrap();
    let daily = tree["on"]["schedule"][0]["cron"].as_str().unwrap();
    assert!(daily.ends_with(" * * *"), "{daily}");
    assert!(text.contains("bash .ci/run advisories"));
}

#[test]
fn releases_carry_a_bill_of_materials_and_where_they_come_from() {
    let (_, text, _) = workflows().into_iter().find(|(name, ..)| name == "release.yml").unwrap();
    for part in ["functions/ingest", "functions/console", "functions/processor", "functions/sweeper", "local"]
    {
        assert!(
            text.lines().any(|line| line.trim().starts_with("for part in") && line.contains(part)),
            "{part}"
        );
    }
    for promised in [
        "assets/*.tar.gz",
        "assets/*.cdx.json",
        "assets/checksums.txt",
        "sha256sum",
        "push-to-registry: true",
    ] {
        assert!(text.contains(promised), "{promised}");
    }
}

/// The programs that ship are others than those that the tests build: linked by zig, with fat link-time optimisation.
#[test]
fn bundles_start_before_they_are_archived() {
    let (_, _, tree) = workflows().into_iter().find(|(name, ..)| name == "bundle.yml").unwrap();
    let steps = tree["jobs"]["bundle"]["steps"].as_sequence().unwrap();
    let at =
        |what: &str| steps.iter().position(|step| step["run"].as_str().is_some_and(|run| run.contains(what)));
    let (built, started, archived) = (at(".ci/bundle "), at(".ci/lambda "), at("tar "));
    assert!(built.is_some() && built < started && started < archived, "{built:?} {started:?} {archived:?}");
    let step = &steps[started.unwrap()];
    assert_eq!(
        step["run"].as_str(),
        Some(r#"bash .ci/lambda "$RUNNER_TEMP/afterhook-x86_64/functions" packages"#)
    );
    assert_eq!(step["if"].as_str(), Some("matrix.architecture == 'x86_64'"));
}

/// It has no shell and no folders but its own: whether it starts is seen by starting it, on a machine of each kind.
#[test]
fn releases_start_the_image_before_they_publish_it() {
    let (_, _, tree) = workflows().into_iter().find(|(name, ..)| name == "release.yml").unwrap();
    let runs = |job: &str| -> Vec<String> {
        let steps = tree["jobs"][job]["steps"].as_sequence().unwrap();
        steps.iter().filter_map(|step| step["run"].as_str().map(str::to_owned)).collect()
    };
    let started = runs("command").into_iter().find(|run| run.contains("docker run")).unwrap();
    let file =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/Dockerfile")).unwrap();
    assert!(file.contains(r#"CMD ["dev", "--data-dir", "/tmp/afterhook"]"#) && file.contains("COPY root/ /"));
    assert!(
        started.contains(".ci/image") && started.contains("dev --data-dir /tmp/afterhook --once"),
        "{started}"
    );
    assert!(runs("publish").iter().any(|run| run.contains(".ci/image")), "the same image");
    let needs = tree["jobs"]["publish"]["needs"].as_sequence().unwrap();
    assert!(needs.iter().any(|job| job.as_str() == Some("command")));
}

/// What one architecture fails at does not keep the other from being built.
#[test]
fn the_jobs_of_a_matrix_fail_each_for_itself() {
    for (name, _, tree) in workflows() {
        for (job, steps) in tree["jobs"].as_mapping().unwrap() {
            let strategy = &steps["strategy"];
            assert!(strategy.is_null() || strategy["fail-fast"].as_bool() == Some(false), "{name}: {job:?}");
        }
    }
}

/// The template says for which processor its functions are built; a bundle of the other one would be deployed as that.
#[test]
fn a_deploy_takes_the_bundle_of_the_architecture_that_the_template_names() {
    let (_, text, tree) = workflows().into_iter().find(|(name, ..)| name == "deploy.yml").unwrap();
    let steps = tree["jobs"]["deploy"]["steps"].as_sequence().unwrap();
    let read = steps.iter().find(|step| step["id"].as_str() == Some("template")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let ours = fs::read_to_string(ours).unwrap();
    let (before, rest) = ours.split_once("\n    Architectures: [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    for (named, architecture) in [("arm64]", "arm64"), ("x86_64]", "x86_64"), ("x86_64] # ours", "x86_64")] {
        let template = format!("{before}\n    Architectures: [{named}{after}");
        fs::write(folder.path().join("template.yaml"), template).unwrap();
        let output = folder.path().join(architecture);
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", read["run"].as_str().unwrap()]).current_dir(&folder);
        assert!(command.env("GITHUB_OUTPUT", &output).status().unwrap().success());
        let said = fs::read_to_string(&output).unwrap();
        assert!(said.ends_with(&format!("architecture={architecture}\n")), "{said}");
    }
    assert!(!text.contains("arm64") && !text.contains("x86_64"));
    assert!(text.contains("name: bundle-${{ steps.template.outputs.architecture }}"));
}
