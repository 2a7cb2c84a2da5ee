//! `explain`: what findings mean, and why packages are trusted.

use std::time::{Duration, SystemTime};

use snapbox::{assert_data_eq, str};

use tests::files;
use tests::krate::time;
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Output, Project, Sandbox};

fn explain(project: Project<'_>, words: &[&str]) -> Output {
    project.provenance(["explain"]).args(words).run()
}

/// The text without digests, dates and the tester.
fn said(output: &Output) -> String {
    let lines = output.stdout.lines().map(|line| {
        let digest =
            ["sha256:", "b3:"].into_iter().find_map(|kind| line.find(kind).map(|at| at + kind.len()));
        let line = digest.map_or(line.to_owned(), |at| format!("{}HEX", &line[..at]));
        let line = match line.split_once(" on 2") {
            Some((before, rest)) => format!("{before} on DATE:{}", rest.split_once(':').expect("a reason").1),
            None => line,
        };
        let line = match line.split_once("check set ") {
            Some((before, rest)) => {
                format!("{before}check set N{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
            }
            None => line,
        };
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

#[test]
fn an_id_is_explained_with_what_the_policy_says() {
    let sandbox = Sandbox::new();
    let project = Project::empty(&sandbox, "work").with(
        "Provenance.toml",
        "version = 1\n[checks]\nversion-too-new = { level = \"review\", days = 3 }\n",
    );
    let output = explain(project, &["version-too-new"]).code(0);
    let head = output.stdout.lines().take(6).map(|line| format!("{line}\n")).collect::<String>();
    assert_data_eq!(
        head,
        str![[r#"
version-too-new (age and history)

  level    review, set in Provenance.toml:3
  days     3, set in Provenance.toml:3
  fixes-advisory false, the default; takes `true` or `false`
  accept   by `--accept 'PACKAGE@VERSION:version-too-new=REASON'`, or an answer at the terminal; it ends with the bytes

"#]]
    );
    assert!(output.stdout.contains("A version that was published less than 7 days ago."), "{output}");
    assert_eq!(output.stderr, "");
    assert_data_eq!(
        explain(project, &["not-pinned"]).code(0).stdout,
        str![[r#"
not-pinned (drift)

A third-party package of `Cargo.lock` that no pin covers. It came in past the gate: by an edit of a `Cargo.toml`, by plain `cargo add`, or by a bot. `cargo provenance pin` vets and pins it.

"#]]
    );
    let list = explain(project, &["--list"]).code(0);
    assert!(
        list.stdout
            .lines()
            .any(|line| line.starts_with("  version-too-new ") && line.contains(" review  A version that")),
        "{list}"
    );
    assert!(
        list.stdout.lines().any(|line| line.starts_with("  archive-differs ") && line.contains(" drift ")),
        "{list}"
    );
}

#[test]
fn a_word_that_means_nothing_is_met_with_a_suggestion() {
    let sandbox = Sandbox::new();
    let nowhere = Project::empty(&sandbox, "nowhere");
    explain(nowhere, &["version-to-new"]).code(2).stderr_has("did you mean `version-too-new`?");
    explain(nowhere, &["../../x"]).code(2).stderr_has("--list");
    explain(nowhere, &[]).code(2);
    explain(nowhere, &["--list", "source"]).code(2);
}

#[test]
fn a_package_is_explained_with_everything_that_people_decided() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let young = time(SystemTime::now() - Duration::from_secs(100 * 86_400));
    registry.publish(
        &Krate::greeting("teen", "1.0.0", CLEAN).published(Some(&young)).build_script("fn main() {}"),
    );
    registry.publish(&Krate::greeting("middle", "1.0.0", CLEAN).dependency("teen", "1"));
    registry.publish(&Krate::greeting("other", "1.0.0", CLEAN).dependency("teen", "1"));
    let project = Project::app(&sandbox, "work");
    project.cargo(["generate-lockfile"]).ok();
    project.provenance(["init"]).ok();
    project.provenance(["add", "middle", "other", "--accept", "crate-too-young=we know them"]).ok();
    files::append(
        &project.path("Provenance.toml"),
        "\n[[exception]]\ncheck = \"unsound\"\npackage = \"teen@1.0.0\"\nid = \"RUSTSEC-2025-0007\"\nreason = \"not reached\"\nexpires = \"2099-01-01\"\n",
    );
    let text = said(&explain(project, &["teen"]).code(0));
    let lines = text.lines().filter(|line| !line.contains("Cargo.lock:") && !line.contains("exception"));
    assert_data_eq!(
        lines.map(|line| format!("{line}\n")).collect::<String>(),
        str![[r#"
teen v1.0.0 from crates-io
  pinned      Provenance.lock:27
              sha256:HEX
              b3:HEX
  trusted     what the checks found was accepted
  vetted      by check set N, compared with advisories up to 2025-01-02
  accepted    crate-too-young by tester@example.org on DATE: we know them
  build time  a build script
  advisories  none is known; the newest at hand is of 2025-01-02
  pulled in   app > middle > teen
              app > other > teen

"#]]
    );
    assert!(
        text.contains(
            "exception   unsound/RUSTSEC-2025-0007 until 2099-01-01: not reached (Provenance.toml:"
        ),
        "{text}"
    );
    let text = said(&explain(project, &["victim@1.0.0"]).code(0));
    assert!(text.contains("it was there at `init`; nobody has looked at it yet"), "{text}");
    assert!(text.contains("app > victim"), "{text}");
    // What is known of it now is told too, and what could not be looked up is no good sign.
    let teen = Advisory::new("RUSTSEC-2025-0009", "teen").title("It leaks").patched(">= 1.0.1");
    let db = AdvisoryDb::new(&sandbox).publish(&[teen]);
    project.provenance(["db", "update"]).ok();
    let text = said(&explain(project, &["teen"]).code(0));
    assert!(
        text.contains("advisories  RUSTSEC-2025-0009 (vulnerability): It leaks; patched: >=1.0.1"),
        "{text}"
    );
    db.publish_file("crates/teen/RUSTSEC-2025-0010.md", vec![b'x'; 10 * 1024 * 1024]);
    project.provenance(["db", "update"]).ok();
    let text = said(&explain(project, &["teen"]).code(0));
    assert!(text.contains("not checked: `crates/teen/RUSTSEC-2025-0010.md` may be about it"), "{text}");
    files::remove(&sandbox.cargo_home().join("provenance/advisory-db"));
    let text = said(&explain(project, &["teen"]).code(0));
    assert!(text.contains("not checked: the advisory database") && text.contains("never fetched"), "{text}");
    project.provenance(["db", "update"]).ok();
    let json = project.provenance(["explain", "teen", "--message-format", "json"]).ok();
    json.stdout_has("\"reason\":\"output\"").stdout_has("app > middle > teen");

    let text = said(&explain(project, &["app"]).code(0));
    assert!(text.contains("the team's own, in `.`; it is not pinned"), "{text}");
    explain(project, &["teem"]).code(2).stderr_has("did you mean `teen`?");
    explain(project, &["teen@2.0.0"]).code(2);

    // By hand, past the gate.
    registry.publish(&Krate::greeting("stranger", "1.0.0", CLEAN));
    files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nstranger = \"1\"");
    project.cargo(["fetch"]).ok();
    explain(project, &["stranger"]).code(0).stdout_has("no pin covers it");
}
