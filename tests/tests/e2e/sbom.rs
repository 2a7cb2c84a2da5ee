//! `sbom`: what it lists is what cargo builds, other people's validators accept every document, and nothing that a manifest
//! says makes one that they would not.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha512};

use tests::krate::sha256;
use tests::project::{CLEAN, make_evil, package};
use tests::{Krate, Project, Sandbox, files, guide, shared_verifier};

use crate::git;
use crate::signing;
use crate::vendor::vendor;

const EPOCH: &str = "1795392000";

/// A document of a project, which the judges accept.
fn document<const N: usize>(project: Project<'_>, arguments: [&str; N]) -> Value {
    let file = written(project, &arguments);
    judge(project.sandbox(), &file, &arguments);
    serde_json::from_str(&files::read(&file)).expect("JSON")
}

fn written(project: Project<'_>, arguments: &[&str]) -> PathBuf {
    let file = project.sandbox().path("bill.json");
    let run = project.provenance(["sbom", "--output"]).args([&file]).args(arguments);
    run.env("SOURCE_DATE_EPOCH", EPOCH).run().code(0);
    file
}

fn judge(sandbox: &Sandbox, file: &Path, arguments: &[&str]) {
    let judged = match arguments.contains(&"spdx-2.3") {
        true => shared_verifier(sandbox, "validate_spdx.py")
            .map(|run| run.args([file]).args(["--comply", "ntia"])),
        false => shared_verifier(sandbox, "validate_cdx.py").map(|run| run.args([file]).args(["--rust"])),
    };
    if let Some(run) = judged {
        run.run().code(0).stdout_has("PASS");
    }
}

fn component<'d>(document: &'d Value, name: &str) -> &'d Value {
    let found = document["components"].as_array().expect("components").iter().find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {document:#}"))
}

fn names(document: &Value) -> Vec<&str> {
    let components = document["components"].as_array().expect("components").iter();
    components.map(|it| it["name"].as_str().expect("a name")).collect()
}

/// The values of the properties of a name.
fn properties<'d>(thing: &'d Value, name: &str) -> Vec<&'d str> {
    let all = thing["properties"].as_array().into_iter().flatten();
    all.filter(|it| it["name"] == name).filter_map(|it| it["value"].as_str()).collect()
}

fn needs<'d>(document: &'d Value, reference: &Value) -> Vec<&'d str> {
    let mut all = document["dependencies"].as_array().expect("dependencies").iter();
    let entry = all.find(|it| it["ref"] == *reference).expect("an entry");
    entry["dependsOn"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

fn scored() -> Krate {
    Krate::new("under_score", "1.0.0+build.7").license(Some("MIT/Apache-2.0"))
}

/// `app` with a dependency from every kind of source, and of every kind.
fn everything<'s>(sandbox: &'s Sandbox, name: &'s str) -> Project<'s> {
    let registry = sandbox.registry();
    for krate in [
        scored(),
        Krate::new("quoted", "1.0.0").license(Some("(MIT AND ISC) OR LicenseRef-Odd")),
        Krate::new("derived", "1.0.0").proc_macro().dependency("quoted", "1"),
        Krate::new("compiles", "1.0.0").license(Some("GPL-2.0+")),
        Krate::new("native", "1.0.0")
            .links("z")
            .build_script("fn main() {}")
            .build_dependency("compiles", "1"),
        Krate::new("patched", "1.0.0"),
        Krate::new("tested", "1.0.0"),
    ] {
        registry.publish(&krate);
    }
    git::repository(sandbox);
    let url = format!("file://{}", sandbox.path("repository").display());
    let outside = sandbox.path("outside");
    files::write(&outside.join("Cargo.toml"), package("outside", ""));
    files::write(&outside.join("src/lib.rs"), "");
    let dependencies = format!(
        "under_score = \"1\"\nderived = \"1\"\nnative = \"1\"\npatched = \"1\"\noutside.path = \"../outside\"\n\
         victim = {{ git = \"{url}\" }}\n\n[dev-dependencies]\ntested = \"1\"\n\n[patch.crates-io]\n\
         patched.path = \"patches/patched\""
    );
    Project::empty(sandbox, name)
        .with("Cargo.toml", &package("app", &dependencies))
        .with("src/main.rs", "fn main() {}\n")
        .with("patches/patched/Cargo.toml", &package("patched", "").replace("0.1.0", "1.0.1"))
        .with("patches/patched/src/lib.rs", "")
}

#[test]
fn every_kind_of_source_is_told_apart() {
    let sandbox = Sandbox::new();
    let project = everything(&sandbox, "work").pinned();
    let bill = document(project, ["--author", "Example <sbom@example.org>"]);

    let subject = &bill["metadata"]["component"];
    assert_eq!((&subject["name"], &subject["type"]), (&"app".into(), &"application".into()));
    assert_eq!(bill["metadata"]["manufacturer"]["contact"][0]["email"], "sbom@example.org");
    assert_eq!(bill["metadata"]["lifecycles"][0]["phase"], "pre-build");
    assert_eq!(bill["metadata"]["timestamp"], "2026-11-23T00:00:00Z");
    let scored_component = component(&bill, "under_score");
    assert_eq!(scored_component["purl"], "pkg:cargo/under_score@1.0.0%2Bbuild.7");
    assert_eq!(scored_component["licenses"][0]["expression"], "MIT OR Apache-2.0");
    let archive = scored().to_archive();
    let long = Sha512::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(scored_component["hashes"][0]["content"], sha256(&archive));
    assert_eq!(scored_component["hashes"][1]["content"], long);
    assert_eq!(properties(scored_component, "bsi:component:filename"), ["under_score-1.0.0+build.7.crate"]);
    assert_eq!(properties(scored_component, "cargo-provenance:trust-basis"), ["baseline"]);
    assert!(properties(scored_component, "cargo-provenance:tree")[0].starts_with("b3:"));

    // What runs while others compile, and nothing that only tests need.
    for (name, scope, build_time) in [
        ("derived", "excluded", &["proc-macro"][..]),
        ("quoted", "excluded", &[]),
        ("compiles", "excluded", &[]),
        ("native", "required", &["build-script"]),
        ("under_score", "required", &[]),
        ("victim", "required", &[]),
    ] {
        let component = component(&bill, name);
        assert_eq!(component["scope"], scope, "{name}");
        assert_eq!(properties(component, "cargo-provenance:build-time"), build_time, "{name}");
    }
    assert!(!names(&bill).contains(&"tested"));
    assert_eq!(component(&bill, "compiles")["licenses"][0]["expression"], "GPL-2.0-or-later");
    let incomplete = bill["compositions"].as_array().expect("compositions").iter();
    let incomplete = incomplete.filter(|it| it["aggregate"] == "incomplete").collect::<Vec<_>>();
    assert_eq!(incomplete[0]["dependencies"], serde_json::json!(["pkg:cargo/native@1.0.0"]));

    let commit = sandbox.git(&sandbox.path("repository")).args(["rev-parse", "HEAD"]).ok().stdout;
    let purl = component(&bill, "victim")["purl"].as_str().expect("a purl");
    assert!(
        purl.contains("?vcs_url=git%2Bfile:///") && purl.ends_with(&format!("%40{}", commit.trim())),
        "{purl}"
    );
    assert_eq!(component(&bill, "outside")["purl"], "pkg:cargo/outside@0.1.0?download_url=../outside");
    let patched = component(&bill, "patched");
    assert_eq!(patched["purl"], "pkg:cargo/patched@1.0.1?download_url=patches/patched");
    assert_eq!(patched["pedigree"]["ancestors"][0]["purl"], "pkg:cargo/patched");
    assert_eq!(patched["hashes"], Value::Null);

    // Every component has its entry, and the subject needs what the manifest says.
    assert_eq!(
        bill["dependencies"].as_array().map(Vec::len),
        bill["components"].as_array().map(|it| it.len() + 1)
    );
    let direct = needs(&bill, &subject["bom-ref"]);
    assert_eq!(direct.len(), 6, "{direct:?}");
    assert_eq!(needs(&bill, &"pkg:cargo/native@1.0.0".into()), ["pkg:cargo/compiles@1.0.0"]);

    let spdx = document(project, ["--format", "spdx-2.3"]);
    let packages = spdx["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), names(&bill).len() + 1);
    let relations = spdx["relationships"].as_array().expect("relationships");
    let is_built_with = |it: &&Value| {
        it["relationshipType"] == "BUILD_DEPENDENCY_OF" && it["relatedSpdxElement"] == "SPDXRef-native-v1.0.0"
    };
    assert_eq!(
        relations.iter().find(is_built_with).expect("one")["spdxElementId"],
        "SPDXRef-compiles-v1.0.0"
    );
}

#[test]
fn the_same_input_makes_the_same_bytes_wherever_it_lies() {
    let sandbox = Sandbox::new();
    let project = everything(&sandbox, "work").pinned();
    let elsewhere = Project::empty(&sandbox, "elsewhere");
    for file in files::list(&project.root()) {
        let below = file.strip_prefix(project.root()).expect("below");
        files::write(&elsewhere.root().join(below), files::read_bytes(&file));
    }
    for format in ["cyclonedx-1.6", "spdx-2.3"] {
        let first = files::read(&written(project, &["--format", format]));
        assert_eq!(first, files::read(&written(elsewhere, &["--format", format])), "{format}");
        // Standard output has the same bytes, too.
        let run = project.provenance(["sbom", "--format", format]).env("SOURCE_DATE_EPOCH", EPOCH).run();
        assert_eq!(run.code(0).stdout, first, "{format}");
        let later =
            project.provenance(["sbom", "--format", format]).env("SOURCE_DATE_EPOCH", "1").run().stdout;
        assert!(later.contains("1970-01-01T00:00:01Z") && later != first, "{later}");
    }
    for bad in ["-1", "1.5", "x", "253402300800"] {
        let run = project.provenance(["sbom"]).env("SOURCE_DATE_EPOCH", bad).run();
        run.code(2).stderr_has("`SOURCE_DATE_EPOCH` is no number of seconds");
    }
}

#[test]
fn a_virtual_workspace_is_listed_by_what_cargo_would_build() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::new("for_one", "1.0.0").license(None));
    sandbox.registry().publish(&Krate::new("for_two", "1.0.0"));
    let project = Project::empty(&sandbox, "work")
        .with(
            "Cargo.toml",
            "[workspace]\nmembers = [\"one\", \"two\"]\ndefault-members = [\"one\"]\nresolver = \"3\"\n",
        )
        .with("one/Cargo.toml", &package("one", "for_one = \"1\""))
        .with("one/src/main.rs", "fn main() {}\n")
        .with(
            "two/Cargo.toml",
            &(package("two", "for_two = { version = \"1\", optional = true }\none.path = \"../one\"")),
        )
        .with("two/src/lib.rs", "")
        .with("one/src/lib.rs", "");
    // No manifest is needed; then nothing is said of trust.
    project.cargo(["generate-lockfile"]).ok();
    project
        .provenance(["sbom"])
        .run()
        .code(0)
        .stderr_has("why packages are trusted: there is no `Provenance.lock`");
    project.provenance(["init"]).ok();

    let whole = document(project, ["--workspace", "--all-features", "--name", "The whole"]);
    let subject = &whole["metadata"]["component"];
    assert_eq!((&subject["name"], &subject["version"]), (&"The whole".into(), &"0.1.0".into()));
    assert_eq!(needs(&whole, &subject["bom-ref"]).len(), 2);
    assert_eq!(names(&whole), ["for_one", "for_two", "one", "two"]);
    assert_eq!(component(&whole, "for_one")["licenses"][0]["license"]["name"], "unknown");
    document(project, ["--workspace", "--format", "spdx-2.3"]);

    for (arguments, subject, parts) in [
        (&[][..], "one", &["for_one"][..]),
        (&["-p", "two"], "two", &["for_one", "one"]),
        (&["-p", "two@0.1.0", "--features", "for_two"], "two", &["for_one", "for_two", "one"]),
        (&["--workspace", "--exclude", "one"], "two", &["for_one", "one"]),
    ] {
        let bill: Value = serde_json::from_str(&files::read(&written(project, arguments))).expect("JSON");
        assert_eq!(bill["metadata"]["component"]["name"], subject, "{arguments:?}");
        assert_eq!(names(&bill), parts, "{arguments:?}");
    }
    let inside = sandbox.provenance(&project.path("two")).args(["sbom"]).run().code(0);
    assert!(inside.stderr.contains("of `two 0.1.0`"), "{inside}");
    project.provenance(["sbom", "-p", "on"]).run().code(2).stderr_has("did you mean `one`?");
    project.provenance(["sbom", "--workspace", "--exclude", "one", "--exclude", "two"]).run().code(2);
}

#[test]
fn a_platform_has_its_own_bill() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::new("for_windows", "1.0.0"));
    let manifest = package("app", "") + "[target.'cfg(windows)'.dependencies]\nfor_windows = \"1\"\n";
    let project =
        Project::empty(&sandbox, "work").with("Cargo.toml", &manifest).with("src/main.rs", "fn main() {}\n");
    let project = project.pinned();
    let all = document(project, []);
    assert_eq!(names(&all), ["for_windows"]);
    assert_eq!(properties(&all["metadata"], "cdx:rustc:sbom:target:all_targets"), ["true"]);
    let one = document(project, ["--target", "x86_64-unknown-linux-gnu"]);
    assert_eq!(names(&one), [] as [&str; 0]);
    assert_eq!(properties(&one["metadata"], "cdx:rustc:sbom:target:triple"), ["x86_64-unknown-linux-gnu"]);
}

#[test]
fn a_vendored_package_that_was_changed_is_not_the_published_one() {
    let sandbox = Sandbox::new();
    let project = vendor(Project::app(&sandbox, "work").pinned());
    project.provenance(["pin"]).ok();
    let honest = document(project, []);
    let victim = component(&honest, "victim");
    assert_eq!(victim["pedigree"]["notes"], "vendored in `vendor/victim`; the same files as published");
    assert_eq!(
        (&victim["purl"], &victim["pedigree"]["ancestors"]),
        (&"pkg:cargo/victim@1.0.0".into(), &Value::Null)
    );

    make_evil(&project.path("vendor/victim"));
    let bill = document(project, []);
    let victim = component(&bill, "victim");
    assert_eq!(victim["purl"], "pkg:cargo/victim@1.0.0?download_url=vendor/victim");
    assert_eq!(victim["hashes"], Value::Null);
    assert_eq!(victim["pedigree"]["ancestors"][0]["purl"], "pkg:cargo/victim@1.0.0");
    let unknown = properties(&bill["metadata"], "cargo-provenance:not-known").join("\n");
    assert!(
        unknown.contains("whether the sources are those that are pinned: `verify` finds 1 disagreement"),
        "{unknown}"
    );
    document(project, ["--format", "spdx-2.3"]);
}

#[test]
fn nothing_that_a_manifest_says_makes_a_document_that_is_none() {
    let sandbox = Sandbox::new();
    let absurd = format!(
        "authors = [\"\\u001b[2J\\u202Eevil\\n::error::x <no(t)@an address>\", \"\", \"{}\", \"() <a@b.example>\"]",
        "x".repeat(5_000)
    );
    let lines = [
        "[package]\nname = \"hostile\"\nversion = \"1.0.0\"\nedition = \"2021\"",
        &absurd,
        "license = \"do what ##[you] want \\u202E\"",
        "license-file = \"../../\\u001B\"",
        "description = \"\"\"line\\u0007\n--- a\n+++ b\n##vso[task.setvariable]\\u200B\"\"\"",
        "homepage = \"javascript:alert(1)\"",
        "repository = \"https://user:secret@example.org/\\u202E x\"",
        "documentation = \"https://example.org/a b\"\n[lib]\npath = \"src/lib.rs\"\n",
    ];
    let hostile = Krate::new("hostile", "1.0.0").file("Cargo.toml", &lines.join("\n"));
    let odd =
        Krate::new("odd-license", "1.0.0").license(None).package_line("\"license-file\" = \"COPYING (old)\"");
    sandbox.registry().publish(&hostile);
    sandbox.registry().publish(&odd.file("COPYING (old)", "text"));
    let project = Project::empty(&sandbox, "wo rk\u{e9}")
        .with("Cargo.toml", "[workspace]\nmembers = [\"a pp\", \"other\"]\nresolver = \"3\"\n")
        .with("a pp/Cargo.toml", &package("app", "hostile = \"1\"\nodd-license = \"1\""))
        .with("a pp/src/main.rs", "fn main() {}\n")
        .with("other/Cargo.toml", &package("other", "").replace("0.1.0", "0.2.0-rc.1+x"))
        .with("other/src/lib.rs", "");
    project.cargo(["generate-lockfile"]).ok();
    for format in ["cyclonedx-1.6", "spdx-2.3"] {
        let arguments = ["--workspace", "--format", format];
        let file = written(project, &arguments);
        judge(&sandbox, &file, &arguments);
        let text = files::read(&file);
        let harmful = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(
            !text.contains(harmful) && !text.contains("secret") && !text.contains("javascript"),
            "{text}"
        );
        assert_eq!(
            project.provenance(["sbom"]).args(arguments).env("SOURCE_DATE_EPOCH", EPOCH).run().stdout,
            text
        );
    }
    let bill: Value = serde_json::from_str(&files::read(&written(project, &["--workspace"]))).expect("JSON");
    let hostile = component(&bill, "hostile");
    assert_eq!(hostile["authors"][0]["name"], "\\u{1b}[2J\\u{202e}evil ::error::x");
    assert_eq!(
        properties(component(&bill, "odd-license"), "cargo-provenance:license-file"),
        ["COPYING (old)"]
    );
    assert_eq!(bill["metadata"]["component"]["version"], "unknown");
    project.provenance(["sbom", "--author", "<>"]).run().code(2).stderr_has("names nobody");
}

#[test]
fn nothing_is_listed_by_a_cargo_that_the_repository_may_have_swapped() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "work").pinned();
    project.provenance(["sbom"]).run().code(0);
    project.with(".cargo/config.toml", "[build]\nrustc-wrapper = \"./evil\"\n");
    let run = project.provenance(["sbom"]).run().code(3).stderr_has("no cargo was started");
    assert_eq!(run.stdout, "");
    files::remove(&project.path(".cargo/config.toml"));
    // Nor by a manifest that must be signed and is not.
    project.policy("[signing]\nrequired = true");
    let run = project.provenance(["sbom"]).run().code(5).stderr_has("the manifest is not trusted");
    assert_eq!(run.stdout, "");
}

#[test]
fn what_was_delivered_is_named_by_its_digests() {
    let sandbox = Sandbox::new();
    let project =
        Project::app(&sandbox, "work").pinned().policy("[sbom]\nauthor = \"Example <https://example.org/>\"");
    let (one, two) = (project.path("app"), project.path("libapp.a"));
    files::write(&one, "one");
    files::write(&two, "two");
    let bill = document(project, ["--artifact", "app"]);
    let subject = &bill["metadata"]["component"];
    assert_eq!(subject["hashes"][0]["content"], sha256(b"one"));
    assert_eq!(properties(subject, "bsi:component:executable"), ["executable"]);
    assert_eq!(bill["metadata"]["manufacturer"]["url"][0], "https://example.org/");
    let bill = document(project, ["--artifact", "app", "--artifact", "libapp.a"]);
    let subject = &bill["metadata"]["component"];
    assert_eq!(needs(&bill, &subject["bom-ref"]).iter().filter(|it| it.starts_with("file:")).count(), 2);
    assert_eq!(properties(component(&bill, "libapp.a"), "bsi:component:archive"), ["archive"]);
    document(project, ["--artifact", "app", "--artifact", "libapp.a", "--format", "spdx-2.3"]);
    project.provenance(["sbom", "--artifact", "missing"]).run().code(3).stderr_has("could not read");
    project.provenance(["sbom", "--binary", "app"]).run().code(3).stderr_has("neither an ELF");
}

/// A program with a library that is in it, one that took part in compiling it, and two that are only in the lockfile.
fn built(sandbox: &Sandbox) -> Project<'_> {
    let registry = sandbox.registry();
    for name in ["inner", "optional", "elsewhere"] {
        registry.publish(&Krate::greeting(name, "1.0.0", CLEAN));
    }
    registry.publish(&Krate::new("build_only", "1.0.0"));
    let manifest = package("app", "inner = \"1\"\noptional = { version = \"1\", optional = true }")
        + "\n[build-dependencies]\nbuild_only = \"1\"\n\n[target.'cfg(windows)'.dependencies]\nelsewhere = \"1\"\n";
    Project::empty(sandbox, "work")
        .with("Cargo.toml", &manifest)
        .with("build.rs", "fn main() {}\n")
        .with("src/main.rs", "fn main() {\n    println!(\"{}\", inner::greeting());\n}\n")
        .pinned()
}

#[test]
fn the_bill_of_a_build_lists_what_was_compiled_and_is_signed() {
    let sandbox = Sandbox::new();
    let project = built(&sandbox);
    project.provenance(["sbom", "--built"]).run().code(3).stderr_has("cargo provenance build --record");
    project.provenance(["build", "--quiet", "--record"]).ok();
    assert_eq!(
        names(&document(project, ["--all-features"])),
        ["build_only", "elsewhere", "inner", "optional"]
    );

    let bill = document(project, ["--built"]);
    assert_eq!(names(&bill), ["build_only", "inner"]);
    assert_eq!(component(&bill, "build_only")["scope"], "excluded");
    assert_eq!(bill["metadata"]["lifecycles"][0]["phase"], "build");
    let subject = &bill["metadata"]["component"];
    let program = files::read_bytes(&project.path("target/debug/app"));
    assert_eq!(
        (&subject["name"], &subject["hashes"][0]["content"]),
        (&"app".into(), &sha256(&program).into())
    );
    assert!(properties(subject, "cargo-provenance:rustc")[0].starts_with("rustc "), "{subject:#}");
    document(project, ["--built", "--format", "spdx-2.3"]);
    assert_eq!(
        names(&document(project, ["--built", "--artifact", "target/debug/app"])),
        ["build_only", "inner"]
    );

    let (secret, line) = signing::key(project, "release");
    let public = sandbox.path("keys/release.pub");
    files::write(&public, line.split_once(' ').expect("a name before the key").1);
    let envelope = sandbox.path("bill.intoto.jsonl");
    for (arguments, kind, artifact) in [
        (&["--built"][..], "https://cyclonedx.org/bom/v1.6", "target/debug/app"),
        (&["--built", "--format", "spdx-2.3"], "https://spdx.dev/Document/v2.3", "target/debug/app"),
        (&[], "https://cyclonedx.org/bom/v1.6", "Cargo.lock"),
    ] {
        let run = project.provenance(["sbom", "--sign", "--key"]).args([&secret]).args(arguments);
        run.args(["--output".as_ref(), envelope.as_path()])
            .ok()
            .stderr_has("Signing the document with SHA256:");
        let judge = || {
            let run = shared_verifier(&sandbox, "verify_dsse.py")?
                .args([&envelope])
                .args(["--key".as_ref(), public.as_path()]);
            Some(run.args(["--predicate-type", kind, "--artifact"]).args([project.path(artifact)]))
        };
        let Some(run) = judge() else { continue };
        run.ok();
        // One changed byte of what is signed is found.
        let text = files::read(&envelope);
        let at = text.find("\"payload\":\"").expect("a payload") + 30;
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        files::write(&envelope, format!("{}{other}{}", &text[..at], &text[at + 1..]));
        judge().expect("it was there").run().fails();
    }

    // What the guide shows, but for the binary that says itself what it is made of (`embed.rs`).
    let commands = guide("sbom");
    assert_eq!(commands.len(), 6, "{commands:?}");
    for command in commands.iter().filter(|command| !command.contains("--binary")) {
        let (command, file) = command.split_once(" > ").unwrap_or((command, ""));
        let output = project.provenance([]).args(command.split(' ')).ok();
        assert!(file.is_empty() || output.stdout.starts_with('{'), "{output}");
    }
    judge(&sandbox, &project.path("app.cdx.json"), &[]);
    project.provenance(["build", "--quiet", "--record"]).ok();

    // What is no longer what was built is not listed as if it were.
    files::write(&project.path("target/debug/app"), [&program[..], b"x"].concat());
    let changed = project.provenance(["sbom", "--built", "--artifact", "target/debug/app"]).run();
    changed.code(3).stderr_has("is not what the recorded build came to");
    let outdated = project
        .policy("[sbom]\nauthor = \"Example <sbom@example.org>\"")
        .provenance(["sbom", "--built"])
        .run();
    outdated.code(3).stderr_has("`Provenance.lock` is not what it was when this was built").stdout_lacks("{");
}
