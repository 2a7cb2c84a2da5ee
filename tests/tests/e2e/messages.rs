//! What people and machines get to read.

use snapbox::{assert_data_eq, str};

use tests::files;
use tests::project::{make_clean, make_evil};
use tests::{Project, Sandbox};

/// What was said, without what differs from run to run: the sandbox's place and ports, digests, times.
fn said(sandbox: &Sandbox, text: &str) -> String {
    let text = text.replace(sandbox.root().to_str().expect("a UTF-8 path"), "ROOT");
    let words = text.split_inclusive(|it: char| !it.is_ascii_alphanumeric()).map(|word| {
        let hex = word.bytes().take_while(u8::is_ascii_hexdigit).count();
        match hex {
            // The name of a registry's directory, a digest in short, a digest.
            16 | 64 => format!("HEX{}", &word[hex..]),
            8 if word.ends_with('.') => "HEX.".to_owned(),
            _ => word.to_owned(),
        }
    });
    let text: String = words.collect();
    let lines = text.lines().map(|line| match line.rsplit_once(" [") {
        Some((line, time)) if time.ends_with("s]") => format!("{line} [TIME]\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn verify_in_the_style_of_cargo() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let output = gated.provenance(["verify"]).ok();
    assert_data_eq!(
        said(&sandbox, &output.stderr),
        str![[r#"
   Verifying 12 packages against Provenance.lock
    Finished 12 packages match [TIME]

"#]]
    );

    make_evil(&sandbox.source("victim-1.0.0"));
    let output = gated.provenance(["verify"]).run().code(4);
    assert_data_eq!(
        said(&sandbox, &output.stderr),
        str![[r#"
   Verifying 12 packages against Provenance.lock
error[source-differs]: `victim v1.0.0` differs from the manifest
   --> Provenance.lock:122:1
    |
122 | [[package]]
    | ^^^^^^^^^^^ pinned to b3:HEX..ee
123 | name = "victim"
124 | version = "1.0.0"
    |
    = note: pinned b3:HEX (Provenance.lock:122)
    = note: found  b3:HEX in ROOT/cargo-home/registry/src/127.0.0.1-HEX/victim-1.0.0 (Cargo.lock:104)
    = help: run `cargo provenance diff victim` to see what changed, `cargo provenance verify --repair` to restore it
      Failed 1 difference found, 11 packages match [TIME]

"#]]
    );
    let output = gated.provenance(["verify", "--message-format", "short"]).run().code(4);
    assert_data_eq!(
        said(&sandbox, &output.stderr),
        str![[r#"
   Verifying 12 packages against Provenance.lock
Provenance.lock:122: error[source-differs]: `victim v1.0.0` differs from the manifest
      Failed 1 difference found, 11 packages match [TIME]

"#]]
    );
    let output = gated.provenance(["verify", "--repair"]).ok();
    assert_data_eq!(
        said(&sandbox, &output.stderr),
        str![[r#"
   Verifying 12 packages against Provenance.lock
   Restoring `victim v1.0.0` in `ROOT/cargo-home/registry/src/127.0.0.1-HEX/victim-1.0.0`
    Finished 12 packages match [TIME]

"#]]
    );

    files::append(&gated.path(".cargo/config.toml"), "\n[build]\nrustc = \"evil\"\n");
    let output = gated.provenance(["verify"]).run().code(4);
    assert_data_eq!(
        said(&sandbox, &output.stderr),
        str![[r#"
   Verifying 12 packages against Provenance.lock
error[cargo-setting]: cargo setting `build.rustc` is in force and not recorded
 --> .cargo/config.toml:5:1
  |
5 | rustc = "evil"
  | ^^^^^^^^^^^^^^ in force here
  |
  = note: recorded nothing
  = note: in force "evil" (ROOT/work/gated/.cargo/config.toml:5)
  = help: remove the setting, or run `cargo provenance pin` to record it after review
      Failed 1 difference found, 12 packages match [TIME]

"#]]
    );
}

#[test]
fn a_refused_build_in_the_style_of_cargo() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    make_evil(&sandbox.source("victim-1.0.0"));
    let output = gated.cargo(["build"]).run().code(101);
    let errors: Vec<&str> = output.stderr.lines().filter(|line| line.starts_with("error: app@")).collect();
    assert_data_eq!(
        said(&sandbox, &errors.join("\n")),
        str![[r#"
error: app@0.1.0: `victim v1.0.0` differs from the manifest
error: app@0.1.0:   pinned b3:HEX (Provenance.lock:122)
error: app@0.1.0:   found  b3:HEX in ROOT/cargo-home/registry/src/127.0.0.1-HEX/victim-1.0.0 (Cargo.lock:104)
error: app@0.1.0:   most recently changed: ROOT/cargo-home/registry/src/127.0.0.1-HEX/victim-1.0.0/src/lib.rs
error: app@0.1.0: run `cargo provenance diff victim` to see what changed, `cargo provenance verify --repair` to restore it

"#]]
    );
    make_clean(&sandbox.source("victim-1.0.0"));
    gated.is_clean();
}

#[test]
fn the_formats_of_messages() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    for drifted in [false, true] {
        if drifted {
            make_evil(&sandbox.source("victim-1.0.0"));
        }
        let code = if drifted { 4 } else { 0 };
        let human = gated.provenance(["verify"]).run().code(code);
        assert_eq!(human.stdout, "", "{human}");
        let short = gated.provenance(["verify", "--message-format", "short"]).run().code(code);
        assert_eq!(short.stderr.contains("victim"), drifted, "{short}");
        let json = gated.provenance(["verify", "--message-format", "json"]).run().code(code);
        let lines: Vec<serde_json::Value> = json
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        assert!(lines.len() > 1, "{json}");
        assert_eq!(lines[0]["format-version"], 1, "{json}");
        assert!(lines.iter().all(|line| line["reason"].is_string()), "{json}");
        assert_eq!(lines[lines.len() - 1]["reason"], "summary", "{json}");
        assert_eq!(json.stdout.contains("\"victim\""), drifted, "{json}");
    }
}

#[test]
fn text_of_crates_is_made_harmless_before_it_is_printed() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let source = sandbox.source("victim-1.0.0");
    files::append(&source.join("src/lib.rs"), "// \u{1b}[2J\u{202e}evil\u{2066}\n");
    files::write(&source.join("::error file=x::\u{1b}[31m.rs"), "::set-env name=A::b\n");
    for format in ["human", "short", "json"] {
        let output = gated.provenance(["diff", "victim", "--message-format", format]).run().code(4);
        let text = format!("{}{}", output.stdout, output.stderr);
        for bad in ['\u{1b}', '\u{202e}', '\u{2066}'] {
            assert!(!text.contains(bad), "{bad:?} came through: {output}");
        }
        assert!(!text.lines().any(|line| line.starts_with("::")), "a workflow command: {output}");
    }
}
