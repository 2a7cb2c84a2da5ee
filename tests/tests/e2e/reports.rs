//! Reports for other programs: SARIF against the official schema, annotations, JUnit, Markdown. The exit code is the same for
//! each, and nothing but the document is on standard output.

use serde_json::Value;

use tests::krate::days_ago;
use tests::project::{CLEAN, make_evil};
use tests::{Advisory, AdvisoryDb, Krate, Output, Project, Sandbox, files, verifier};

use crate::check::pinned;

const FORMATS: [&str; 4] = ["sarif", "github", "junit", "markdown"];

fn sarif(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

fn results(document: &Value) -> &[Value] {
    document["runs"][0]["results"].as_array().expect("results")
}

/// Whether the output is a document of the format and nothing else.
#[track_caller]
fn is_document(format: &str, output: &Output) {
    let text = &output.stdout;
    let fits = match format {
        "sarif" => sarif(output)["version"] == "2.1.0",
        "github" => text.lines().all(|line| {
            ["::error ", "::notice "].iter().any(|command| line.starts_with(command)) && line.contains("::")
        }),
        "junit" => {
            text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ")
                && text.ends_with("</testsuites>\n")
        }
        _ => text.starts_with("## `cargo provenance"),
    };
    assert!(fits, "no {format}: {output}");
}

/// Every command line with its exit code, from all is well to a command line that makes no sense.
fn situations(project: Project<'_>, mut judge: impl FnMut(&str, &Output)) {
    let sandbox = project.sandbox();
    let run = |what: &str, args: &[&str], code: i32, judge: &mut dyn FnMut(&str, &Output)| {
        for format in FORMATS {
            let output = project.provenance(["--message-format", format]).args(args).run().code(code);
            is_document(format, &output);
            judge(&format!("{what}.{format}"), &output);
        }
        project.provenance([]).args(args).run().code(code);
    };
    run("fine", &["verify"], 0, &mut judge);
    run("checked", &["check"], 0, &mut judge);
    AdvisoryDb::new(sandbox).publish(&[
        Advisory::new("RUSTSEC-2025-0002", "victim").title("a `hole` in ::error::it"),
        Advisory::new("RUSTSEC-2025-0003", "victim").informational("unmaintained"),
    ]);
    project.provenance(["db", "update"]).ok();
    run("refused", &["check"], 1, &mut judge);
    run("vetted", &["vet", "victim"], 1, &mut judge);
    run("explained", &["explain", "vulnerability"], 0, &mut judge);
    run("usage", &["verify", "--nonsense"], 2, &mut judge);
    make_evil(&sandbox.source("victim-1.0.0"));
    run("drift", &["verify"], 4, &mut judge);
    run("diff", &["diff", "victim"], 4, &mut judge);
    run("distrusted", &["verify", "--require-signed"], 5, &mut judge);
    files::append(&project.path("Provenance.toml"), "\n[cheks]\n");
    run("broken", &["verify"], 2, &mut judge);
    files::remove(&project.path("Provenance.lock"));
    run("ungated", &["verify"], 2, &mut judge);
}

#[test]
fn every_sarif_document_holds_to_the_official_schema() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    project.cargo(["fetch"]).ok();
    let mut written = vec![];
    situations(project, |name, output| {
        if name.ends_with(".sarif") {
            let file = sandbox.path(name);
            files::write(&file, &output.stdout);
            written.push(file);
        }
    });
    assert!(written.len() >= 9, "{written:?}");
    if let Some(verifier) = verifier(&sandbox, "sarif.py") {
        verifier.args(&written).ok();
        // It can fail.
        files::replace(&written[0], "\"version\":\"2.1.0\"", "\"version\":\"2.2.0\"");
    }
    if let Some(verifier) = verifier(&sandbox, "sarif.py") {
        verifier.args(&written).run().code(1).stderr_has("$.version");
    }
}

#[test]
fn sarif_says_what_was_found_where_and_what_was_tolerated() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    db.publish(&[Advisory::new("RUSTSEC-2025-0002", "victim")]);
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    // The workspace is not the repository's root.
    let project = pinned(&sandbox, "repository/rust/work");
    sandbox.git(&sandbox.path("repository")).args(["init", "--quiet"]).ok();
    let output = project.provenance(["check", "--message-format", "sarif"]).run().code(0);
    let document = sarif(&output);
    let found = results(&document);
    let excepted = found.iter().find(|result| result["ruleId"] == "vulnerability").expect("the exception");
    assert_eq!(excepted["suppressions"][0]["status"], "accepted", "{excepted}");
    let why = excepted["suppressions"][0]["justification"].as_str().expect("a justification");
    assert!(why.starts_with("excepted until 20") && why.contains("(Provenance.toml:"), "{why}");

    let policy = files::read(&project.path("Provenance.toml"));
    let (policy, _) = policy.split_once("\n[[exception]]").expect("an exception");
    files::write(&project.path("Provenance.toml"), policy);
    project.provenance(["pin"]).run().code_in(&[0, 1]);
    let output = project.provenance(["check", "--message-format", "sarif"]).run().fails();
    let document = sarif(&output);
    let found = results(&document);
    let result = found.iter().find(|result| result["ruleId"] == "vulnerability").expect("the finding");
    assert_eq!(result["level"], "error", "{result}");
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "rust/work/Cargo.lock", "{result}");
    assert_eq!(location["artifactLocation"]["uriBaseId"], "%SRCROOT%", "{result}");
    let lockfile = files::read(&project.path("Cargo.lock"));
    let line = lockfile.lines().position(|line| line == "name = \"victim\"").expect("the package");
    assert_eq!(location["region"]["startLine"], line, "the line of its `[[package]]`: {result}");
    let run = &document["runs"][0];
    assert_eq!(run["invocations"][0]["exitCode"], output.exit_code().expect("a code"), "{run}");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small")];
    assert_eq!(rule["id"], "vulnerability");
    assert!(rule["help"]["markdown"].as_str().expect("help").contains("fixes-advisory"), "{rule}");
    assert!(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].is_string(), "{run}");

    let output = project.provenance(["check", "--message-format", "github"]).run().fails();
    output.stdout_has(&format!(
        "::error file=rust/work/Cargo.lock,line={line},title=vulnerability::`victim v1.0.0` is"
    ));
}

#[test]
fn fingerprints_do_not_change_when_lines_move() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = pinned(&sandbox, "work");
    db.publish(&[Advisory::new("RUSTSEC-2025-0002", "victim")]);
    project.provenance(["db", "update"]).ok();
    let fingerprint = |output: &Output| {
        let document = sarif(output);
        let found = results(&document).iter().find(|result| result["ruleId"] == "vulnerability").cloned();
        let found = found.unwrap_or_else(|| panic!("not found: {output}"));
        let line = found["locations"][0]["physicalLocation"]["region"]["startLine"].clone();
        (found["partialFingerprints"].clone(), line)
    };
    let run = || project.provenance(["check", "--message-format", "sarif"]).run().code(1);
    let (before, line) = fingerprint(&run());
    sandbox.registry().publish(&Krate::greeting("aaa", "1.0.0", CLEAN).published(Some(&days_ago(500))));
    project.provenance(["add", "aaa"]).ok();
    let (after, moved) = fingerprint(&run());
    assert_eq!(before, after);
    assert_ne!(line, moved);
}

#[test]
fn a_crate_cannot_begin_a_workflow_command() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    project.cargo(["fetch"]).ok();
    let source = sandbox.source("victim-1.0.0");
    let attack = "\n::add-mask::x\n  ::stop-commands::y\n// ##[error]z\n";
    files::append(&source.join("src/lib.rs"), attack);
    files::write(&source.join("::error file=x::\n::error::y.rs"), "::set-env name=A::b\n");
    for format in FORMATS.into_iter().chain(["human", "short", "json"]) {
        let output = project.provenance(["diff", "victim", "--message-format", format]).run().code(4);
        for line in output.stdout.lines().chain(output.stderr.lines()) {
            let begins = |name: &str| line.trim_start().starts_with(&format!("::{name}"));
            let ours = format == "github" && line.contains("title=") && begins("error ");
            let notice = format == "github" && begins("notice title=cargo provenance");
            assert!(ours || notice || !line.trim_start().starts_with("::"), "{format}: {line}");
            assert!(!line.contains("##["), "{format}: {line}");
        }
    }
}

#[test]
fn the_summary_and_the_test_report_name_what_refused() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = pinned(&sandbox, "work");
    db.publish(&[
        Advisory::new("RUSTSEC-2025-0002", "victim").title("<img src=x> [a](http://evil.invalid) @all")
    ]);
    project.provenance(["db", "update"]).ok();
    let summary = project.provenance(["check", "--message-format", "markdown"]).run().code(1);
    summary
        .stdout_has("## `cargo provenance check`: refused\n")
        .stdout_has("### Denied\n\n- **`vulnerability`**: `victim v1.0.0` is vulnerable\\: &lt;img")
        .stdout_has("(`Cargo.lock:")
        .stdout_has("[[exception]]\n")
        .stdout_lacks("<img")
        .stdout_has("`[a](http://evil.invalid`) `@all`")
        .stderr_has("error[vulnerability]");
    let junit = project.provenance(["check", "--quiet", "--message-format", "junit"]).run().code(1);
    junit
        .stdout_has(
            "<testcase classname=\"vulnerability\" name=\"`victim v1.0.0` is vulnerable: &lt;img src=x&gt;",
        )
        .stdout_has(" file=\"Cargo.lock\" line=\"")
        .stdout_has("<failure message=\"");
}
