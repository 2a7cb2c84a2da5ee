//! `init --ci`: what it writes is what forges read, and does what it says. The scripts of the pipelines are taken out of the
//! files by a YAML parser and run as the forge would.

use std::path::PathBuf;

use serde_json::Value;

use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Krate, Output, Project, Sandbox, files, verifier};

use crate::check::pinned;

const GITHUB: [&str; 2] = [".github/workflows/provenance.yml", ".github/workflows/provenance-bots.yml"];
const GITLAB: [&str; 2] = [".gitlab/provenance.yml", ".gitlab/provenance-bots.yml"];

/// The files as a YAML parser reads them.
fn parsed(project: Project<'_>, names: [&str; 2]) -> Option<[Value; 2]> {
    let run = verifier(project.sandbox(), "yaml_to_json.py")?.args(names.map(|name| project.path(name)));
    let documents: Vec<Value> = serde_json::from_str(&run.ok().stdout).expect("JSON");
    Some(documents.try_into().expect("two documents"))
}

/// A script of a pipeline, run by bash where the installed tool is this one.
fn run(project: Project<'_>, script: &str, variables: &[(&str, &str)]) -> Output {
    let sandbox = project.sandbox();
    let temp = sandbox.path("runner");
    if !temp.exists() {
        std::fs::create_dir_all(temp.join("provenance/bin")).expect("a folder");
        std::os::unix::fs::symlink(
            tests::sandbox::provenance_binary(),
            temp.join("provenance/bin/cargo-provenance"),
        )
        .expect("a link");
        files::write(&temp.join("output"), "");
    }
    let bash = sandbox.outer_path("bash");
    let programs = bash.parent().expect("a folder").to_owned();
    let path = std::env::join_paths([sandbox.tools(), programs]).expect("a PATH");
    let script = script.replace("/opt/provenance/bin/", &format!("{}/provenance/bin/", temp.display()));
    // As GitHub starts its scripts.
    let run = sandbox
        .run(&bash, &project.root())
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
        .env("PATH", path)
        .env("RUNNER_TEMP", &temp)
        .env("GITHUB_WORKSPACE", project.root())
        .env("GITHUB_STEP_SUMMARY", temp.join("summary"))
        .env("GITHUB_OUTPUT", temp.join("output"))
        .env("CI_PROJECT_DIR", project.root())
        .env("PROVENANCE_WORKSPACE", ".");
    variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run()
}

fn script<'w>(workflow: &'w Value, job: &str, name: &str) -> &'w str {
    let steps = workflow["jobs"][job]["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["name"].as_str().is_some_and(|it| it.contains(name)));
    step.and_then(|step| step["run"].as_str()).unwrap_or_else(|| panic!("no step `{name}` in {workflow}"))
}

#[test]
fn what_is_written_is_what_forges_read() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "work");
    project.cargo(["generate-lockfile"]).ok();
    project
        .provenance(["init", "--ci", "github"])
        .run()
        .code(0)
        .stderr_has("Writing `.github/workflows/provenance.yml`");
    // It is behind the gate now.
    let added = project.provenance(["init", "--ci", "gitlab"]).run().code(0);
    added.stderr_has("`- local: .gitlab/provenance.yml`").stderr_has("the pipelines are in place; review");
    project.provenance(["init", "--ci", "gitlab"]).run().code(0).stderr_has("nothing was changed");
    project.provenance(["verify"]).ok();
    let Some([gate, bots]) = parsed(project, GITHUB) else { return };
    for workflow in [&gate, &bots] {
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{workflow}");
        assert!(
            workflow["on"].is_object() && workflow["on"].get("pull_request_target").is_none(),
            "{workflow}"
        );
        for (name, job) in workflow["jobs"].as_object().expect("jobs") {
            let writes = job["permissions"].as_object().expect("permissions").iter();
            let writes = writes.filter(|(_, value)| *value == "write").map(|(key, _)| key.as_str());
            let expected = match name.as_str() {
                "commit" => vec!["contents"],
                "report" => vec!["security-events"],
                _ => vec![],
            };
            assert_eq!(writes.collect::<Vec<_>>(), expected, "{name}");
            for step in job["steps"].as_array().expect("steps") {
                // What an event says never becomes a part of a script.
                assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step}");
                let compiles = step["run"].as_str().unwrap_or_default().contains("cargo install");
                assert!(
                    !compiles || expected.is_empty(),
                    "third-party code beside a token that can write: {step}"
                );
                assert!(!compiles || step["working-directory"] == "${{ runner.temp }}", "{step}");
            }
        }
    }
    let checkout = &gate["jobs"]["gate"]["steps"][0]["with"];
    assert_eq!((&checkout["fetch-depth"], &checkout["persist-credentials"]), (&0.into(), &"false".into()));
    let Some([gate, bots]) = parsed(project, GITLAB) else { return };
    assert_eq!(gate["provenance"]["variables"]["GIT_DEPTH"], "0");
    assert_eq!(gate["provenance"]["artifacts"]["when"], "always");
    assert!(gate["provenance"]["artifacts"]["reports"]["junit"].is_array(), "{gate}");
    assert!(bots["provenance-bots"]["script"].is_array(), "{bots}");
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work").with(GITHUB[1], "mine\n");
    for _ in 0..2 {
        project
            .provenance(["init", "--ci", "github"])
            .run()
            .code(2)
            .stderr_has("`.github/workflows/provenance-bots.yml` exists, and is not what this command writes")
            .stderr_has("move it away, run `cargo provenance init --ci github` again");
        assert_eq!(files::read(&project.path(GITHUB[1])), "mine\n");
        assert!(!project.path(GITHUB[0]).exists());
    }
    // Nor in a workspace that is not behind the gate yet, where nothing else is written either.
    let fresh = Project::app(&sandbox, "fresh").with(GITLAB[0], "mine\n");
    fresh.cargo(["generate-lockfile"]).ok();
    fresh.provenance(["init", "--ci", "gitlab"]).run().code(2).stderr_has("`.gitlab/provenance.yml` exists");
    assert!(!fresh.path("Provenance.lock").exists() && !fresh.path("Provenance.toml").exists());
    project.provenance(["init", "--ci", "gitlab", "--guard"]).run().code(2).stderr_has("one at a time");
}

#[test]
fn below_the_root_of_the_repository_workflows_are_printed() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "repository/rust/work");
    sandbox.git(&sandbox.path("repository")).args(["init", "--quiet"]).ok();
    let output = project.provenance(["init", "--ci", "github"]).run().code(0);
    let output = output
        .stdout_has("# ==> .github/workflows/provenance.yml\n")
        .stdout_has("PROVENANCE_WORKSPACE: \"rust/work\"")
        .stderr_has("Printing what belongs into `../..`");
    assert!(!project.path(".github").exists() && !sandbox.path("repository/.github").exists(), "{output}");
    let output = project.provenance(["init", "--ci", "gitlab"]).run().code(0);
    output.stderr_has("`- local: rust/work/.gitlab/provenance.yml`");
}

#[test]
fn the_workflow_refuses_what_a_pull_request_brings_in_whatever_its_aliases_say() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("young", "1.0.0", CLEAN).published(Some(&days_ago(1))));
    let project = pinned(&sandbox, "work");
    project.provenance(["init", "--ci", "github"]).ok();
    project.provenance(["init", "--ci", "gitlab"]).ok();
    project.commit("gated");
    let base = project.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    let Some([gate, _]) = parsed(project, GITHUB) else { return };
    let Some([gitlab, _]) = parsed(project, GITLAB) else { return };
    let steps = gitlab["provenance"]["script"].as_array().expect("a script");
    let last = steps.last().and_then(Value::as_str).expect("text");
    let since = [("PROVENANCE_SINCE", base.as_str()), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str())];
    let (verify, check) = (script(&gate, "gate", "Verify"), script(&gate, "gate", "Check"));
    run(project, verify, &since).code(0);
    run(project, check, &since).code(0);
    run(project, last, &since).code(0);

    files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nyoung = \"1\"");
    project.cargo(["fetch"]).ok();
    project.commit("young");
    run(project, verify, &since).code(4).stdout_has("::error file=Cargo.lock,line=");
    run(project, check, &since).code(4);
    let temp = sandbox.path("runner");
    assert!(files::read(&temp.join("summary")).contains("### Denied"));
    let sarif: Value = serde_json::from_str(&files::read(&temp.join("provenance.sarif"))).expect("SARIF");
    let ids = sarif["runs"][0]["results"].as_array().expect("results").iter();
    let ids = ids.filter_map(|result| result["ruleId"].as_str()).collect::<Vec<_>>();
    assert!(ids.contains(&"not-pinned") && ids.contains(&"version-too-new"), "{ids:?}");
    run(project, last, &since).code(4);
    assert!(files::read(&project.path("provenance-check.xml")).contains("<failure "));

    // The attack: an alias that would answer in the gate's place.
    let alias = "[alias]\nprovenance = [\"run\", \"--quiet\", \"--\"]\n";
    files::write(&project.path(".cargo/config.toml"), alias);
    project.commit("alias");
    project.cargo(["provenance", "verify"]).ok().stdout_has(CLEAN);
    run(project, verify, &since).code(4);
    run(project, check, &since).fails();
}

#[test]
fn the_workflow_for_bots_pins_what_passes_and_leaves_the_rest() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    project.provenance(["init", "--ci", "github"]).ok();
    project.commit("gated");
    let Some([_, bots]) = parsed(project, GITHUB) else { return };
    let pin = script(&bots, "pin", "Pin what passes");
    let output: PathBuf = sandbox.path("runner/output");
    project.git(["update-ref", "refs/remotes/origin/trunk", "HEAD"]).ok();
    let base = &[("PROVENANCE_BASE", "trunk")][..];

    run(project, pin, base).code(0);
    assert_eq!(files::read(&output), "", "nothing changed");

    sandbox.registry().publish(&Krate::greeting("victim", "1.0.1", CLEAN).published(Some(&days_ago(1))));
    project.cargo(["update"]).ok();
    project.commit("bump");
    run(project, pin, base).code(1);
    assert_eq!(files::read(&output), "", "a person has to look");
    project.git(["diff", "--exit-code"]).ok();
    project.git(["branch", "bump"]).ok();

    // A branch that is not about dependencies alone: what it configures and claims is not pinned in passing.
    files::write(&project.path(".cargo/config.toml"), "[build]\nrustc = \"./evil.sh\"\n");
    project.commit("and a compiler");
    run(project, pin, base).code(1);
    assert!(files::read(&sandbox.path("runner/summary")).contains("More than dependencies changed"));
    project.git(["reset", "--quiet", "--hard", "bump"]).ok();
    files::append(&project.path("Provenance.lock"), "\n[cargo-config]\n\"build.rustc\" = \"evil\"\n");
    project.commit("and a claim");
    run(project, pin, base).code(1);
    project.restore();
    project.git(["reset", "--quiet", "--hard", "bump"]).ok();

    sandbox.registry().publish(&Krate::greeting("victim", "1.0.2", CLEAN).published(Some(&days_ago(100))));
    project.cargo(["update"]).ok();
    project.commit("bump again");
    run(project, pin, base).code(0);
    assert_eq!(files::read(&output), "changed=true\n");

    // The other job starts from the commit that was judged.
    let bare = sandbox.path("bare");
    project.git(["clone", "--quiet", "--bare", ".", bare.to_str().expect("UTF-8")]).ok();
    project.git(["remote", "add", "origin", bare.to_str().expect("UTF-8")]).ok();
    let manifest = files::read(&project.path("Provenance.lock"));
    project.restore();
    let temp = sandbox.path("runner");
    files::write(&temp.join("pinned/Provenance.lock"), files::read(&temp.join("Provenance.lock")));
    let commit = script(&bots, "commit", "Commit the manifest");
    run(project, commit, &[("PROVENANCE_BRANCH", "renovate/victim-1.x")]).code(0);
    let pushed = sandbox.git(&bare).args(["show", "refs/heads/renovate/victim-1.x:Provenance.lock"]).ok();
    assert_eq!(pushed.stdout, manifest);
    project.provenance(["verify"]).ok();
}
