//! Snapshots of one report in every form, and of failures.

use std::path::PathBuf;

use provenance_build::name::CRATES_IO;
use provenance_build::{PackageId, PackageName, Source, Version};
use snapbox::{IntoData, assert_data_eq, str};

use super::*;
use crate::finding::{Finding, Place, Role, Weight};
use crate::report::failure::Kind;
use crate::report::{Outcome, Step, Tolerated};

fn itoa() -> PackageId {
    PackageId {
        name: PackageName::parse("itoa").expect("valid"),
        version: Version::parse("1.0.11").expect("valid"),
        source: Source::parse(CRATES_IO),
    }
}

fn place(file: &str, line: u32, excerpt: &str, label: &str, role: Role) -> Place {
    Place { file: PathBuf::from(file), line, excerpt: excerpt.into(), label: label.into(), role }
}

/// A report with one of everything, and with hostile text in every field that comes from outside.
fn drift() -> Report {
    let mut report = Report::new("verify");
    report.outcome = Outcome::Drift;
    report.step("Verifying", "214 packages against Provenance.lock");
    report.detail("Trusting", "`cfg-if v1.0.4`: baseline");
    report.findings = vec![
        Finding::new("tree-differs", Weight::Denial, "`itoa v1.0.11` differs from its pin")
            .about(itoa())
            .at(place(
                "Provenance.lock",
                41,
                "tree = \"b3:b1a4\"\nbuild-time = []",
                "pinned here",
                Role::Primary,
            ))
            .at(place("Cargo.lock", 120, "  name = \"itoa\"  ", "locked here", Role::Context))
            .note("found b3:93cc in `/home/me/.cargo/registry/src/i/itoa-1.0.11`")
            .help("run `cargo provenance diff itoa` to see what changed"),
        Finding::new("build-script-new", Weight::Review, "`itoa v1.0.11` got a build script").at(place(
            "vendor/\u{202e}itoa",
            0,
            "",
            "this directory",
            Role::Primary,
        )),
        Finding::new(
            "recorded-configuration",
            Weight::Note,
            "`\u{1b}[2K\u{1b}[1Aeverything is fine` is not recorded\nFinished 214 packages match",
        )
        .at(place(
            ".cargo/config.toml",
            3,
            "\tkey = \"\u{1b}]0;x\u{7}\"",
            "in\u{200b}visible",
            Role::Primary,
        )),
    ];
    report.not_checked = vec!["3 packages not on disk".into()];
    report.count("packages", 214);
    report.count("drifted", 1);
    report.conclusion = "1 of 214 packages drifted".into();
    report
}

/// A report with this text in every field that comes from outside, and this path for a file.
pub(super) fn hostile(text: &str, path: &str) -> Report {
    let mut report = Report::new("check");
    report.outcome = Outcome::Refused;
    report.step("Checking", text);
    report.not_checked.push(text.to_owned());
    report.output = text.to_owned();
    report.conclusion = text.to_owned();
    let finding = |id, weight| {
        let mut finding = Finding::new(id, weight, text).note(text).help(text);
        finding.paste.push(text.to_owned());
        finding
    };
    report.findings = vec![
        finding("x", Weight::Denial).about(itoa()).at(place(path, 3, text, text, Role::Primary)),
        finding("x", Weight::Review).at(place("/elsewhere/x", 0, "", text, Role::Context)),
        finding("y", Weight::Note).about(itoa()),
    ];
    report.findings[0].subject = Some(text.to_owned());
    report
        .tolerated
        .push(Tolerated { finding: finding("z", Weight::Review).about(itoa()), why: text.to_owned() });
    report
}

pub(super) fn view(format: Format, verbosity: Verbosity) -> View {
    let (whereabouts, rules) = (Whereabouts::default(), vec![]);
    let elapsed = Duration::from_millis(123);
    View { format, verbosity, charset: Charset::Ascii, elapsed, whereabouts, rules }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Takes out what only sets colors, and nothing else that a terminal would obey.
fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        match part[end..].strip_prefix('m') {
            Some(rest) => out.push_str(rest),
            None => out.extend(["\u{1b}[", part]),
        }
    }
    out
}

/// What the reader sees, all streams in order.
fn seen(report_: &Report, view: &View) -> String {
    let Rendered { before, output, after } = report(report_, view);
    plain(&(before + &output + &after))
}

#[test]
fn human_points_at_the_users_lines_and_concludes() {
    assert_data_eq!(seen(&drift(), &view(Format::Human, Verbosity::Normal)), str![[r#"
   Verifying 214 packages against Provenance.lock
error[tree-differs]: `itoa v1.0.11` differs from its pin
   --> Provenance.lock:41:1
    |
 41 | tree = "b3:b1a4"
    | ^^^^^^^^^^^^^^^^ pinned here
 42 | build-time = []
    |
   ::: Cargo.lock:120:3
    |
120 |   name = "itoa"  
    |   ------------- locked here
    |
    = note: found b3:93cc in `/home/me/.cargo/registry/src/i/itoa-1.0.11`
    = help: run `cargo provenance diff itoa` to see what changed
review[build-script-new]: `itoa v1.0.11` got a build script
 --> vendor/\u{202e}itoa
  = note: this directory
note[recorded-configuration]: `\u{1b}[2K\u{1b}[1Aeverything is fine` is not recorded\nFinished 214 packages match
 --> .cargo/config.toml:3:2
  |
3 |  key = "\u{1b}]0;x\u{7}"
  |  ^^^^^^^^^^^^^^^^^^^^^^^ in\u{200b}visible
 Not checked 3 packages not on disk
      Failed 1 of 214 packages drifted [0.12s]

"#]].raw());
}

#[test]
fn short_is_a_line_per_finding() {
    assert_data_eq!(seen(&drift(), &view(Format::Short, Verbosity::Verbose)), str![[r#"
   Verifying 214 packages against Provenance.lock
    Trusting `cfg-if v1.0.4`: baseline
Provenance.lock:41: error[tree-differs]: `itoa v1.0.11` differs from its pin
vendor/\u{202e}itoa: review[build-script-new]: `itoa v1.0.11` got a build script
.cargo/config.toml:3: note[recorded-configuration]: `\u{1b}[2K\u{1b}[1Aeverything is fine` is not recorded\nFinished 214 packages match
 Not checked 3 packages not on disk
      Failed 1 of 214 packages drifted [0.12s]

"#]].raw());
}

#[test]
fn json_is_a_line_per_fact() {
    let lines = json::start(Some("verify")) + &seen(&drift(), &view(Format::Json, Verbosity::Quiet));
    assert_data_eq!(lines, str![[r#"
{"reason":"start","format-version":1,"tool-version":"0.1.0","command":"verify"}
{"reason":"step","verb":"Verifying","message":"214 packages against Provenance.lock","verbose":false}
{"reason":"step","verb":"Trusting","message":"`cfg-if v1.0.4`: baseline","verbose":true}
{"reason":"finding","id":"tree-differs","weight":"denial","package":{"name":"itoa","version":"1.0.11","source":"registry+https://github.com/rust-lang/crates.io-index"},"subject":null,"message":"`itoa v1.0.11` differs from its pin","places":[{"file":"Provenance.lock","line":41,"text":"tree = \"b3:b1a4\"\nbuild-time = []","label":"pinned here","role":"primary"},{"file":"Cargo.lock","line":120,"text":"  name = \"itoa\"  ","label":"locked here","role":"context"}],"notes":["found b3:93cc in `/home/me/.cargo/registry/src/i/itoa-1.0.11`"],"help":["run `cargo provenance diff itoa` to see what changed"]}
{"reason":"finding","id":"build-script-new","weight":"review","package":null,"subject":null,"message":"`itoa v1.0.11` got a build script","places":[{"file":"vendor/\u202eitoa","line":null,"text":"","label":"this directory","role":"primary"}],"notes":[],"help":[]}
{"reason":"finding","id":"recorded-configuration","weight":"note","package":null,"subject":null,"message":"`\u001b[2K\u001b[1Aeverything is fine` is not recorded\nFinished 214 packages match","places":[{"file":".cargo/config.toml","line":3,"text":"\tkey = \"\u001b]0;x\u0007\"","label":"in\u200bvisible","role":"primary"}],"notes":[],"help":[]}
{"reason":"not-checked","message":"3 packages not on disk"}
{"reason":"summary","outcome":"drift","exit-code":4,"conclusion":"1 of 214 packages drifted","findings":{"denials":1,"reviews":1,"notes":1},"not-checked":1,"counts":{"drifted":1,"packages":214},"seconds":0.123}

"#]].raw());
}

#[test]
fn verbosity_hides_nothing_that_refuses() {
    let quiet = seen(&drift(), &view(Format::Human, Verbosity::Quiet));
    for shown in ["error[tree-differs]", "review[build-script-new]", "Failed 1 of 214", "Not checked 3"] {
        assert!(quiet.contains(shown), "{shown} in {quiet}");
    }
    for hidden in ["note[", "Verifying", "Trusting"] {
        assert!(!quiet.contains(hidden), "{hidden} in {quiet}");
    }

    let mut fine = Report::new("verify");
    fine.conclusion = "214 packages match".into();
    fine.not_checked = vec!["3 packages not on disk".into()];
    assert_eq!(seen(&fine, &view(Format::Human, Verbosity::Quiet)), "");
    assert_data_eq!(
        seen(&fine, &view(Format::Human, Verbosity::Normal)),
        str![[r#"
 Not checked 3 packages not on disk
    Finished 214 packages match [0.12s]

"#]]
        .raw()
    );
}

#[test]
fn much_that_was_not_checked_is_counted() {
    let mut report = Report::new("verify");
    report.conclusion = "x".into();
    report.not_checked = (0..20).map(|number| format!("package {number}")).collect();
    let normal = seen(&report, &view(Format::Human, Verbosity::Normal));
    assert!(normal.contains("Not checked … and 12 more; `-v` lists them"), "{normal}");
    assert_eq!(normal.lines().count(), 10);
    assert_eq!(seen(&report, &view(Format::Human, Verbosity::Verbose)).lines().count(), 21);
}

#[test]
fn a_conclusion_that_needs_its_verb_has_it_in_json_too() {
    let mut report = Report::new("add");
    report.outcome = Outcome::Refused;
    report.conclusion = "to add: 1 denial".into();
    let lines = super::json::report(&report, std::time::Duration::ZERO);
    assert!(lines.contains(r#""conclusion":"Refusing to add: 1 denial""#), "{lines}");
}

#[test]
fn verbs_follow_from_the_outcome() {
    for (outcome, expected) in [
        (Outcome::Fine, "    Finished 1 denial [0.12s]\n"),
        (Outcome::Refused, "    Refusing 1 denial [0.12s]\n"),
        (Outcome::Undecided, "   Undecided 1 denial [0.12s]\n"),
        (Outcome::Drift, "      Failed 1 denial [0.12s]\n"),
        (Outcome::Distrusted, "      Failed 1 denial [0.12s]\n"),
    ] {
        let mut judged = Report::new("verify");
        judged.outcome = outcome;
        judged.findings = vec![Finding::new("x", Weight::Denial, "y")];
        assert_eq!(plain(&report(&judged, &view(Format::Human, Verbosity::Normal)).after), expected);
    }
}

#[test]
fn a_script_is_printed_and_nothing_else() {
    let mut script = Report::new("completions");
    script.output = "complete\n".into();
    assert_eq!(seen(&script, &view(Format::Human, Verbosity::Verbose)), "complete\n");
}

#[test]
fn diffs_are_colored_and_harmless() {
    let mut diff = Report::new("diff");
    diff.output = "--- a/x.rs\n+++ b/x.rs\n@@ -1 +1 @@\n-old\n+new\u{1b}[2K\r\n same\n".into();
    let output = report(&diff, &view(Format::Human, Verbosity::Normal)).output;
    assert_data_eq!(
        plain(&output),
        str![[r#"
--- a/x.rs
+++ b/x.rs
@@ -1 +1 @@
-old
+new\u{1b}[2K\r
 same

"#]]
        .raw()
    );
    assert!(output.contains("\u{1b}[92m+new") && output.contains("\u{1b}[91m-old"), "{output:?}");

    diff.output = "- a list\n+ of things\n".into();
    assert_eq!(report(&diff, &view(Format::Human, Verbosity::Normal)).output, diff.output);
}

#[test]
fn failures_look_like_cargos_and_reach_machines() {
    let mut broken = Failure::new(Kind::Usage, "Cargo.lock:7: duplicate key\n  as cargo says\u{7}")
        .help("run `cargo generate-lockfile`");
    broken.causes = vec!["one\ntwo".into(), "three".into()];
    broken.place = Some((PathBuf::from("Cargo.lock"), 7));
    let rendered = failure(&broken, &view(Format::Json, Verbosity::Normal));
    assert_data_eq!(
        plain(&rendered.after),
        str![[r#"
error: Cargo.lock:7: duplicate key
  as cargo says\u{7}

Caused by:
  one
  two
  three

help: run `cargo generate-lockfile`

"#]]
        .raw()
    );
    assert_data_eq!(rendered.output, str![[r#"
{"reason":"error","kind":"usage","message":"Cargo.lock:7: duplicate key\n  as cargo says\u0007","causes":["one\ntwo","three"],"help":["run `cargo generate-lockfile`"],"place":{"file":"Cargo.lock","line":7}}
{"reason":"summary","outcome":"error","exit-code":2,"conclusion":"Cargo.lock:7: duplicate key\n  as cargo says\u0007","findings":{"denials":0,"reviews":0,"notes":0},"not-checked":0,"counts":{},"seconds":0.123}

"#]].raw());

    let bug = Failure::new(Kind::Bug, "boom, at x.rs:1:2");
    assert_eq!(
        plain(&failure(&bug, &view(Format::Human, Verbosity::Normal)).after),
        "error: internal error: boom, at x.rs:1:2\n"
    );
}

#[test]
fn what_was_done_before_a_failure_is_told_before_it() {
    let mut broken = Failure::new(Kind::Usage, "no");
    let verb = "Recovering";
    broken.done = Some(Box::new(Step { verb, message: "an interrupted command".into(), verbose: false }));
    for (verbosity, before) in
        [(Verbosity::Normal, "  Recovering an interrupted command\n"), (Verbosity::Quiet, "")]
    {
        assert_eq!(plain(&failure(&broken, &view(Format::Human, verbosity)).before), before);
        let lines = failure(&broken, &view(Format::Json, verbosity)).output;
        assert!(lines.starts_with("{\"reason\":\"step\",\"verb\":\"Recovering\""), "{lines}");
    }
}

#[test]
fn nothing_from_outside_reaches_the_terminal_raw() {
    for format in [Format::Human, Format::Short, Format::Json] {
        let Rendered { before, output, after } = report(&drift(), &view(format, Verbosity::Verbose));
        let text = without_colors(&(before + &output + &after));
        assert!(!text.chars().any(|c| c != '\n' && sanitize::is_harmful(c)), "{text:?}");
    }
}

#[test]
fn json_loses_nothing() {
    let lines = report(&drift(), &view(Format::Json, Verbosity::Normal)).output;
    let findings = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|line| line["reason"] == "finding")
        .collect::<Vec<_>>();
    assert_eq!(findings[1]["places"][0]["file"], "vendor/\u{202e}itoa");
    assert_eq!(findings[2]["message"], drift().findings[2].message);
}

/// Many findings that say the same of different packages, and two about one advisory each.
fn alike(id: &'static str, weight: Weight, number: usize) -> Report {
    let mut report = Report::new("verify");
    for at in 0..number {
        let id_of = |name: String| PackageId { name: PackageName::parse(&name).expect("valid"), ..itoa() };
        let package = id_of(format!("dep{at}"));
        let message = format!("`{}` is like the others", package.short());
        let finding =
            Finding::new(id, weight, message).about(package).note(format!("line {at}")).help("do this");
        report.findings.push(finding);
    }
    report
}

fn shown(report: &Report, format: Format, verbosity: Verbosity) -> Rendered {
    let view = View { elapsed: Duration::ZERO, ..view(format, verbosity) };
    super::report(report, &view)
}

#[test]
fn many_that_are_alike_are_one_with_a_list() {
    for (id, weight, number, titles) in [
        ("archive-mode", Weight::Note, 35, 1),
        ("archive-mode", Weight::Note, 3, 3),
        ("not-pinned", Weight::Denial, 419, 1),
        // What refuses is shown each on its own.
        ("archive-link", Weight::Denial, 35, 35),
    ] {
        let report = alike(id, weight, number);
        let normal = shown(&report, Format::Human, Verbosity::Normal).before;
        assert_eq!(normal.matches(&format!("[{id}]")).count(), titles, "{id} {number}");
        if titles == 1 {
            let rest = number - 1;
            assert!(
                normal.contains(&format!("`dep0 v1.0.11` is like the others, and {rest} more like it")),
                "{normal}"
            );
            assert!(
                normal.contains("also dep1 v1.0.11, dep2 v1.0.11") && normal.contains("`-v` shows each"),
                "{normal}"
            );
            assert!(normal.lines().count() < 12, "{normal}");
        }
        let every = |form: String| assert_eq!(form.matches(id).count(), number, "{form}");
        every(shown(&report, Format::Human, Verbosity::Verbose).before);
        every(shown(&report, Format::Short, Verbosity::Normal).before);
        every(shown(&report, Format::Json, Verbosity::Normal).output);
    }
}

#[test]
fn advisories_are_never_put_together() {
    let mut report = alike("vulnerability", Weight::Note, 5);
    for finding in &mut report.findings {
        finding.subject = Some("RUSTSEC-2026-0001".to_owned());
    }
    let normal = shown(&report, Format::Human, Verbosity::Normal).before;
    assert_eq!(normal.matches("[vulnerability]").count(), 5);
}

/// A report with what a team sees every day.
fn everyday() -> Report {
    let mut report = Report::new("check");
    report.outcome = Outcome::Refused;
    report.step("Checking", "2 packages of Cargo.lock against policy, advisories and registries");
    let mut denied = Finding::new(
        "vulnerability",
        Weight::Denial,
        "`itoa v1.0.11` is vulnerable: a hole (RUSTSEC-2026-0001)",
    )
    .about(itoa())
    .at(place("Cargo.lock", 120, "[[package]]", "locked here", Role::Primary))
    .note("`app` depends on it")
    .help("to live with it for a while, add this to `Provenance.toml`:");
    denied.subject = Some("RUSTSEC-2026-0001".to_owned());
    denied.paste = vec!["[[exception]]".to_owned(), "check = \"vulnerability\"".to_owned()];
    report.findings =
        vec![denied, Finding::new("version-yanked", Weight::Note, "`itoa v1.0.11` was yanked").about(itoa())];
    report.not_checked.push("audits: this version does not read them".to_owned());
    report.conclusion = "to pass: 1 denial, 1 note in 2 packages".to_owned();
    report
}

#[test]
fn documents_for_other_programs() {
    let shown = |format| shown(&everyday(), format, Verbosity::Normal).output;
    assert_data_eq!(shown(Format::Github), str![[r#"
::error file=Cargo.lock,line=120,title=vulnerability::`itoa v1.0.11` is vulnerable: a hole (RUSTSEC-2026-0001)%0A`app` depends on it%0Ato live with it for a while, add this to `Provenance.toml`:%0A[[exception]]%0Acheck = "vulnerability"
::notice title=version-yanked::`itoa v1.0.11` was yanked
::error title=cargo provenance check::Refusing to pass: 1 denial, 1 note in 2 packages
::notice title=cargo provenance check%3A not checked::audits: this version does not read them

"#]].raw());
    assert_data_eq!(shown(Format::Junit), str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="cargo provenance check" tests="4" failures="1" errors="0" skipped="1" time="0.000">
<testsuite name="cargo provenance check" tests="4" failures="1" errors="0" skipped="1" time="0.000">
<testcase classname="vulnerability" name="`itoa v1.0.11` is vulnerable: a hole (RUSTSEC-2026-0001)" file="Cargo.lock" line="120" time="0"><failure message="`itoa v1.0.11` is vulnerable: a hole (RUSTSEC-2026-0001)">note: `app` depends on it
help: to live with it for a while, add this to `Provenance.toml`:
[[exception]]
check = &quot;vulnerability&quot;</failure></testcase>
<testcase classname="version-yanked" name="`itoa v1.0.11` was yanked" time="0"><system-out></system-out></testcase>
<testcase classname="not checked" name="audits: this version does not read them" time="0"><skipped message="audits: this version does not read them"></skipped></testcase>
<testcase classname="cargo provenance check" name="Refusing to pass: 1 denial, 1 note in 2 packages" time="0"></testcase>
</testsuite>
</testsuites>

"#]].raw());
    assert_data_eq!(
        shown(Format::Markdown),
        str![[r###"
## `cargo provenance check`: refused

Refusing to pass\: 1 denial, 1 note in 2 packages \[0.00s\]

### Denied

- **`vulnerability`**: `itoa v1.0.11` is vulnerable\: a hole (RUSTSEC\-2026\-0001) (`Cargo.lock:120`)
  - `app` depends on it
  - to live with it for a while, add this to `Provenance.toml`\:

  ```text
  [[exception]]
  check = "vulnerability"
  ```

### Notes

- **`version-yanked`**: `itoa v1.0.11` was yanked

### Not checked

- audits\: this version does not read them

"###]]
        .raw()
    );
}
