//! Signed provenance of recorded builds: what others make of it, what it is refused for, and that no key is within a build's reach.

use std::path::{Path, PathBuf};

use cargo_provenance::attest::envelope::{Envelope, verify};
use cargo_provenance::attest::statement::Statement;
use provenance_build::signing::TrustedKey;
use serde_json::{Value, json};
use tests::files;
use tests::krate::{greeting_macro_source, sha256};
use tests::project::{CLEAN, package};
use tests::verifiers::shared_verifier;
use tests::{Krate, Output, Project, Sandbox};

use super::signing;

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const SOURCE: &str = "https://example.org/team/app.git";

/// A key outside of every workspace, and the file of its public half.
fn key(project: Project<'_>) -> (PathBuf, PathBuf) {
    let (secret, line) = signing::key(project, "attester");
    let public = project.sandbox().path("keys/attester.pub");
    files::write(&public, line.split_once(' ').expect("a name before the key").1);
    (secret, public)
}

/// Commits everything to a repository that was cloned from somewhere.
fn commit(project: Project<'_>) {
    project.commit("all");
    project.git(["remote", "add", "origin", SOURCE]).ok();
}

/// A package with a library of a registry, one that runs while others compile, and a build script.
fn package_app(sandbox: &Sandbox) -> Project<'_> {
    sandbox.registry().publish(&Krate::greeting("inner", "1.0.0", CLEAN).build_script("fn main() {}\n"));
    let krate = Krate::new("outer", "1.0.0+b.1").proc_macro().dependency("inner", "1");
    sandbox.registry().publish(&krate.file("src/lib.rs", &greeting_macro_source("inner")));
    sandbox.registry().publish(&Krate::greeting("unused", "1.0.0", CLEAN));
    let lines = "outer = \"1\"\ninner = \"1\"\n[target.'cfg(windows)'.dependencies]\nunused = \"1\"";
    let app =
        Project::greeter(sandbox, "app", lines, "[outer::greeting!(), inner::greeting()].concat()").pinned();
    commit(app);
    app
}

/// A workspace without a package of its own: a program and a library for other languages.
fn virtual_workspace(sandbox: &Sandbox) -> Project<'_> {
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    let plugin = format!("{}\n[lib]\ncrate-type = [\"cdylib\"]\n", package("plugin", "victim = \"1\""));
    let workspace = Project::empty(sandbox, "workspace")
        .with("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"plugin\"]\n")
        .with("app/Cargo.toml", &package("app", "victim = \"1\"\n[features]\nloud = []"))
        .with("app/src/main.rs", "fn main() {\n    println!(\"{}\", victim::greeting());\n}\n")
        .with("plugin/Cargo.toml", &plugin)
        .with(
            "plugin/src/lib.rs",
            "#[unsafe(no_mangle)]\npub extern \"C\" fn f() -> usize {\n    victim::greeting().len()\n}\n",
        )
        .pinned();
    commit(workspace);
    workspace
}

fn build<const N: usize>(project: Project<'_>, more: [&str; N]) -> Output {
    project.provenance(["build", "--quiet", "--record"]).args(more).ok()
}

fn attest(project: Project<'_>, secret: &Path) -> Output {
    project.provenance(["attest", "--key-was-apart", "--key"]).args([secret]).ok()
}

fn record(project: Project<'_>) -> Value {
    serde_json::from_str(&files::read(&project.path("target/provenance/record.json"))).expect("a record")
}

/// The statements of a bundle.
fn statements(bundle: &Path) -> Vec<Value> {
    let statement = |line: &str| {
        let envelope = Envelope::read(line.as_bytes()).expect("an envelope");
        serde_json::from_slice(envelope.unverified_payload()).expect("a statement")
    };
    files::read(bundle).lines().map(statement).collect()
}

/// Holds a bundle against what others wrote: it passes for the artifact, and no single changed byte of it does.
fn judged(sandbox: &Sandbox, artifact: &Path, bundle: &Path, public: &Path) {
    let judge = |envelope: &Path| {
        let run = shared_verifier(sandbox, "verify_dsse.py")?;
        let run = run.args([envelope.as_os_str(), "--key".as_ref(), public.as_os_str(), "--json".as_ref()]);
        Some(run.args([
            "--artifact".as_ref(),
            artifact.as_os_str(),
            "--predicate-type".as_ref(),
            PROVENANCE.as_ref(),
        ]))
    };
    let trusted = [TrustedKey::parse(files::read(public).trim(), public, 1).expect("a key").key];
    let ours = |line: &str| {
        let envelope = Envelope::read(line.as_bytes());
        envelope
            .is_ok_and(|envelope| verify(&envelope, &trusted, 1).is_ok_and(|it| Statement::of(&it).is_ok()))
    };
    assert!(ours(&files::read(bundle)));
    // All in one file, an envelope a line: each must fail.
    let good: Value = serde_json::from_str(files::read(bundle).trim()).expect("one envelope");
    let mut bad = String::new();
    let mut number = 0;
    for pointer in ["/payload", "/signatures/0/sig"] {
        let text = good.pointer(pointer).and_then(Value::as_str).expect("text").to_owned();
        for at in (0..text.len()).step_by((text.len() / 25).max(1)) {
            // Another letter of the alphabet is another value.
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let mut envelope = good.clone();
            *envelope.pointer_mut(pointer).expect("there") =
                json!(String::from_utf8(changed).expect("ASCII"));
            assert!(!ours(&envelope.to_string()), "{pointer} {at}");
            // The last letter has bits that stand for nothing, which some readers of base64 pass over.
            if at + 3 < text.len() {
                bad += &format!("{envelope}\n");
                number += 1;
            }
        }
    }
    let Some(run) = judge(bundle) else { return };
    let output = run.ok().stdout_has("\"sigstore_python_reads_it\": true");
    assert!(!output.stdout.contains("extension_fields\": [\""), "{output}");

    let payload = sandbox.path("statement.json");
    files::write(&payload, serde_json::to_vec(&statements(bundle)[0]).expect("JSON"));
    shared_verifier(sandbox, "verify_statement.py").expect("there").args([&payload]).ok();

    let file = sandbox.path("changed.intoto.jsonl");
    files::write(&file, bad);
    let output = judge(&file).expect("there").run().code(1);
    let verdicts = output.stdout.lines().filter(|line| line.contains("\"ok\": false")).count();
    assert!(number > 45 && verdicts == number, "{verdicts} of {number} refused");
}

#[test]
fn a_package_is_attested_with_everything_that_was_compiled_for_it_and_nothing_else() {
    let sandbox = Sandbox::new();
    let app = package_app(&sandbox);
    let (secret, public) = key(app);
    build(app, ["--release"]);
    attest(app, &secret).stderr_has("1 artifact attested; 2 packages that they were made of");
    let artifact = app.path(&format!("target/release/app{}", std::env::consts::EXE_SUFFIX));
    let bundle = app.path(&format!("target/release/app{}.intoto.jsonl", std::env::consts::EXE_SUFFIX));
    judged(&sandbox, &artifact, &bundle, &public);

    let statement = &statements(&bundle)[0];
    assert_eq!(statement["subject"][0]["digest"]["sha256"], sha256(&files::read_bytes(&artifact)));
    let build = &statement["predicate"]["buildDefinition"];
    assert_eq!(
        build["externalParameters"],
        json!({ "source": format!("git+{SOURCE}"), "ref": "refs/heads/main", "package": "app", "bin": "app",
            "profile": "release", "target": tests::sandbox::host() })
    );
    let uris = build["resolvedDependencies"].as_array().expect("a list").iter();
    let uris = uris.filter_map(|it| it["uri"].as_str()).collect::<Vec<_>>();
    let commit = format!("git+{SOURCE}@refs/heads/main");
    assert_eq!(uris, [commit.as_str(), "pkg:cargo/inner@1.0.0", "pkg:cargo/outer@1.0.0%2Bb.1"]);
    let named = |name: &str| {
        let mut all = build["resolvedDependencies"].as_array().expect("a list").iter();
        all.find(|it| it["uri"].as_str().is_some_and(|uri| uri.contains(name))).expect(name).clone()
    };
    assert_eq!(
        named("inner")["digest"]["sha256"],
        sha256(&files::read_bytes(&sandbox.archive("inner-1.0.0")))
    );
    assert!(
        named("outer")["annotations"]["buildTime"] == true
            && named("inner")["annotations"]["buildTime"].is_null()
    );
    let directory = sandbox.source("inner-1.0.0");
    let sums = sandbox
        .outer_program("sh", &directory)
        .args(["-c", "find . -type f ! -name .cargo-ok | cut -c3- | sort | xargs sha256sum | sha256sum"]);
    let sums = sums.env("PATH", "/usr/bin:/bin").ok();
    assert_eq!(
        Some(named("inner")["digest"]["dirHash"].as_str().expect("a hash")),
        sums.stdout.split(' ').next()
    );
    // The macro and the program have each their own `inner`: they are optimized differently.
    let units = record(app)["units"].as_array().expect("a list").clone();
    let kinds = units.iter().map(|it| {
        (
            it["package"]["name"].as_str().unwrap_or_default(),
            it["kind"].as_str().unwrap_or_default(),
            it["runs-on"].as_str().unwrap_or_default(),
        )
    });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            ("app", "bin", "target"),
            ("inner", "build-script", "host"),
            ("inner", "lib", "unknown"),
            ("inner", "lib", "unknown"),
            ("outer", "proc-macro", "host")
        ]
    );
}

#[test]
fn members_of_a_virtual_workspace_are_attested_each_in_its_own_bundle() {
    let sandbox = Sandbox::new();
    let workspace = virtual_workspace(&sandbox);
    let (secret, public) = key(workspace);
    build(workspace, ["--features", "app/loud", "--target", tests::sandbox::host()]);
    attest(workspace, &secret).stderr_has("2 artifacts attested");
    let units = record(workspace)["units"].as_array().expect("a list").clone();
    assert!(units.iter().all(|unit| unit["runs-on"] == "target"), "{units:?}");
    let folder = workspace.path("target").join(tests::sandbox::host()).join("debug");
    let bundles =
        files::list(&folder).into_iter().filter(|file| file.to_string_lossy().ends_with(".intoto.jsonl"));
    let mut bundles = bundles.collect::<Vec<_>>();
    bundles.sort();
    assert_eq!(bundles.len(), 2, "{bundles:?}");
    for bundle in &bundles {
        let artifact = PathBuf::from(bundle.to_string_lossy().replace(".intoto.jsonl", ""));
        judged(&sandbox, &artifact, bundle, &public);
        let parameters = &statements(bundle)[0]["predicate"]["buildDefinition"]["externalParameters"];
        assert_eq!(
            (&parameters["features"], &parameters["target"]),
            (&json!("app/loud"), &json!(tests::sandbox::host()))
        );
    }
}

#[test]
fn nothing_is_attested_of_what_is_not_what_was_built() {
    let sandbox = Sandbox::new();
    let app = package_app(&sandbox);
    let (secret, _) = key(app);
    let refused = |code: i32, what: &str| {
        let bundle = app.path("target/debug/app.intoto.jsonl");
        app.provenance(["attest", "--key-was-apart", "--key"])
            .args([&secret])
            .run()
            .code(code)
            .stderr_has(what);
        assert!(!bundle.exists());
    };
    app.provenance(["build", "--quiet"]).ok();
    refused(3, "build with `cargo provenance build --record`");
    // What is there already is recorded all the same, and a build without a record leaves none that is not its own.
    build(app, []);
    assert_eq!(record(app)["units"].as_array().expect("a list").len(), 4);

    let artifact = app.path("target/debug/app");
    let good = files::read_bytes(&artifact);
    files::write(&artifact, [&good[..], b"x"].concat());
    refused(4, "error[artifact-changed]");
    app.provenance(["attest", "--key-was-apart", "target/debug/app", "--key"]).args([&secret]).run().code(4);
    files::write(&artifact, good);

    let digest = files::read(&app.path("Provenance.lock"));
    let digest =
        digest.split('"').find(|text| text.starts_with("sha256:")).expect("the policy's digest").to_owned();
    let others = [
        (
            "Cargo.lock",
            "name = \"app\"\nversion = \"0.1.0\"",
            "name = \"app\"\nversion = \"0.1.1\"".to_owned(),
        ),
        ("Provenance.lock", digest.as_str(), format!("sha256:{}", "0".repeat(64))),
    ];
    for (file, from, to) in others {
        let text = files::read(&app.path(file));
        files::replace(&app.path(file), from, &to);
        refused(4, "error[build-outdated]");
        files::write(&app.path(file), text);
    }

    let file = app.path("target/provenance/record.json");
    let text = files::read(&file);
    for (from, to) in
        [("debug/app", "../app"), ("\"version\": 1", "\"version\": 2"), ("\"tool\"", "\"tools\"")]
    {
        files::write(&file, text.replacen(from, to, 1));
        refused(2, "build record");
    }
    files::write(&file, text);
    app.git(["remote", "set-url", "origin", "/srv/app.git"]).ok();
    build(app, []);
    refused(2, "which nobody else can reach");
    app.provenance(["attest", "--key-was-apart", "--source", "git+https://example.org/x", "--key"])
        .args([&secret])
        .ok();

    // A failed build leaves no record, so that nothing is said of what it left.
    files::append(&app.path("src/main.rs"), "fn");
    app.provenance(["build", "--quiet", "--record"]).run().code(101);
    assert!(!file.exists());
    app.provenance(["test", "--record"])
        .run()
        .code(2)
        .stderr_has("only `cargo provenance build` makes a record");
}

#[test]
fn a_tree_that_is_not_its_commit_is_attested_only_as_such() {
    let sandbox = Sandbox::new();
    let app = package_app(&sandbox);
    let (secret, _) = key(app);
    files::append(&app.path("src/main.rs"), "// more\n");
    build(app, []);
    app.provenance(["attest", "--key-was-apart", "--key"])
        .args([&secret])
        .run()
        .code(1)
        .stderr_has("error[workspace-dirty]");
    app.provenance(["attest", "--allow-dirty", "--key-was-apart", "--key"]).args([&secret]).ok();
    let build =
        statements(&app.path("target/debug/app.intoto.jsonl"))[0]["predicate"]["buildDefinition"].clone();
    assert_eq!(build["internalParameters"]["dirty"], true);
    assert_eq!(build["resolvedDependencies"][0]["annotations"]["dirty"], true);

    // Nor is one of no commit at all.
    let away = sandbox.path("away.git");
    std::fs::rename(app.path(".git"), &away).expect("moved");
    self::build(app, []);
    let source = "git+https://example.org/x";
    app.provenance(["attest", "--source", source, "--key-was-apart", "--key"])
        .args([&secret])
        .run()
        .code(1)
        .stderr_has("lay in no git repository");
    std::fs::rename(&away, app.path(".git")).expect("moved");

    // What a build script changes while everything is compiled may have been compiled.
    app.git(["checkout", "--quiet", "--", "src/main.rs"]).ok();
    files::write(
        &app.path("build.rs"),
        "fn main() {\n    std::fs::write(\"src/main.rs\", \"fn main() {}\\n\").unwrap();\n}\n",
    );
    app.provenance(["pin", "--quiet"]).ok();
    app.commit("script");
    self::build(app, []);
    assert_eq!(record(app)["workspace"]["git"]["dirty"], true);
}

#[test]
fn nothing_that_was_chosen_or_is_secret_gets_past_the_statement() {
    let sandbox = Sandbox::new();
    let app = package_app(&sandbox);
    let (secret, _) = key(app);
    let config = sandbox.cargo_home().join("config.toml");
    files::append(&config, "[env]\nAPI_TOKEN = \"s3cr3t\"\n");
    files::replace(&config, "[build]\n", "[build]\nrustflags = [\"--cfg\", \"other\"]\n");
    build(app, ["-rj2"]);
    let bundle = app.path("target/release/app.intoto.jsonl");
    let run = app.provenance([
        "attest",
        "--source",
        "git+https://ci:t0ken@example.org/x",
        "--key-was-apart",
        "--key",
    ]);
    let output = run.args([&secret]).run().code(2).stderr_has("`--source git+https://example.org/x`");
    assert!(!output.stderr.contains("t0ken") && !bundle.exists(), "{output}");
    attest(app, &secret);
    let statement = &statements(&bundle)[0];
    let parameters = &statement["predicate"]["buildDefinition"]["externalParameters"];
    assert_eq!(
        (&parameters["profile"], &parameters["rustflags"]),
        (&json!("release"), &json!("build.rustflags=[\"--cfg\", \"other\"]"))
    );
    assert!(!statement.to_string().contains("s3cr3t") && statement.to_string().contains("env.API_TOKEN"));

    // Nor does a bill of materials take the place of what was attested.
    let before = files::read(&bundle);
    let run = app.provenance(["sbom", "--output", "target/release/app.intoto.jsonl"]);
    run.run().code(2).stderr_has("holds other attestations");
    assert_eq!(files::read(&bundle), before);

    // A file that is no bundle stays as it is.
    for file in ["Cargo.toml", "Provenance.lock", "target/provenance/record.json"] {
        let before = files::read(&app.path(file));
        let run = app.provenance(["attest", "--output", file, "--key-was-apart", "--key"]).args([&secret]);
        run.run().code(2).stderr_has("is no bundle of attestations");
        assert_eq!(files::read(&app.path(file)), before);
    }
}

#[test]
fn lines_of_others_stay_in_the_bundle() {
    let sandbox = Sandbox::new();
    let app = package_app(&sandbox);
    let (secret, public) = key(app);
    build(app, []);
    let bundle = app.path("target/debug/app.intoto.jsonl");
    files::write(&bundle, "{\"mediaType\":\"of another tool\"}");
    attest(app, &secret);
    // The same again is no line more; another key's word is.
    attest(app, &secret);
    let (other, _) = signing::key(app, "other");
    app.provenance(["attest", "--builder", "ci", "--key-was-apart", "--key"]).args([&other]).ok();
    let text = files::read(&bundle);
    let lines = text.lines().collect::<Vec<_>>();
    assert_eq!((lines.len(), lines[0]), (3, "{\"mediaType\":\"of another tool\"}"));
    let of_ci = sandbox.path("ci.jsonl");
    files::write(&of_ci, lines[2]);
    let builder = statements(&of_ci)[0]["predicate"]["runDetails"]["builder"]["id"].clone();
    assert!(builder.as_str().is_some_and(|id| id.contains("ci-tenant")), "{builder}");

    // Elsewhere, with the record and the artifact alone.
    let apart = sandbox.path("apart");
    files::copy(&app.path("target/debug/app"), &apart.join("renamed"));
    files::copy(&app.path("target/provenance/record.json"), &apart.join("build.json"));
    let run =
        sandbox.provenance(&apart).args(["attest", "--record", "build.json", "--key-was-apart", "--key"]);
    run.args([&secret]).args(["renamed"]).ok().stderr_has("there is none here");
    judged(&sandbox, &apart.join("renamed"), &apart.join("renamed.intoto.jsonl"), &public);
    let run =
        sandbox.provenance(&apart).args(["attest", "--record", "build.json", "--key-was-apart", "--key"]);
    run.args([&secret]).run().code(2).stderr_has("no artifact is named");
}

#[test]
#[cfg(unix)]
fn a_build_script_finds_neither_key_nor_agent() {
    let sandbox = Sandbox::new();
    let mark = sandbox.path("mark");
    let thief = format!(
        "use std::io::Write;\nfn main() {{\n    let mut mark = std::fs::File::create({mark:?}).unwrap();\n    \
         for (name, value) in std::env::vars() {{\n        \
         if value.contains(\"PRIVATE KEY\") || value.contains(\"open sesame\") || value.contains(\"token-of\") {{ writeln!(mark, \"{{name}}\").unwrap(); }}\n    }}\n    \
         if let Ok(agent) = std::env::var(\"SSH_AUTH_SOCK\") {{\n        \
         if std::os::unix::net::UnixStream::connect(agent).is_ok() {{ writeln!(mark, \"agent\").unwrap(); }}\n    }}\n    \
         let home = std::env::var(\"CARGO_HOME\").unwrap();\n    \
         let key = std::fs::read_to_string(format!(\"{{home}}/provenance/signing-key\")).unwrap_or_default();\n    \
         if key.contains(\"AAAABG5vbmU\") {{ writeln!(mark, \"key\").unwrap(); }}\n}}\n"
    );
    sandbox.registry().publish(&Krate::greeting("thief", "1.0.0", CLEAN).build_script(&thief));
    let app = Project::greeter(&sandbox, "app", "thief = \"1\"", "thief::greeting()");
    app.cargo(["generate-lockfile"]).ok();
    app.provenance(["init"]).run().code_in(&[0, 1]);
    let socket = sandbox.path("agent");
    let _agent = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let passphrase = sandbox.path("passphrase");
    files::write(&passphrase, "open sesame\n");
    app.provenance(["keygen", "--passphrase-file"]).args([&passphrase]).ok();
    let tempting = |run: tests::Run| {
        run.env("SSH_AUTH_SOCK", &socket)
            .env("SIGNING_KEY", "-----BEGIN OPENSSH PRIVATE KEY-----")
            .env("KEY_PASSPHRASE", "open sesame")
            .env("CARGO_REGISTRY_TOKEN", "token-of-mine")
    };
    // The attack works where nothing is withheld.
    tempting(app.cargo(["build", "--quiet"])).ok();
    assert_eq!(files::read(&mark), "CARGO_REGISTRY_TOKEN\nKEY_PASSPHRASE\nSIGNING_KEY\nagent\n");
    files::remove(&mark);
    tempting(app.provenance(["build", "--quiet", "--record"])).ok();
    assert_eq!(files::read(&mark), "");
}

#[test]
fn a_key_that_a_build_script_could_have_read_is_refused() {
    let sandbox = Sandbox::new();
    let app = package_app(&sandbox);
    let (secret, _) = key(app);
    let passphrase = sandbox.path("passphrase");
    files::write(&passphrase, "open sesame\n");
    let sealed = sandbox.path("keys/sealed");
    app.provenance(["keygen", "--output"])
        .args([&sealed])
        .args(["--passphrase-file"])
        .args([&passphrase])
        .ok();
    let inside = app.path("target/key");
    files::copy(&secret, &inside);
    #[cfg(unix)]
    files::permissions(&inside, 0o600);
    build(app, []);
    let refused = |arguments: &[&str], key: &Path, what: &str| {
        app.provenance(["attest"])
            .args(arguments)
            .args(["--key".as_ref(), key.as_os_str()])
            .run()
            .code(1)
            .stderr_has(what);
        assert!(!app.path("target/debug/app.intoto.jsonl").exists());
    };
    refused(&[], &secret, "lay there in plain while this was built");
    refused(&["--key-was-apart"], &inside, "where build scripts read and write");
    let passphrase_file = ["--passphrase-file", passphrase.to_str().expect("UTF-8")];
    refused(&passphrase_file, &sealed, "lay there in plain while this was built");
    // Whoever types it, or brings it afterwards, has it apart from the build.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let later = sandbox.path("later");
    files::write(&later, "open sesame\n");
    app.provenance(["attest", "--passphrase-file"]).args([&later]).args(["--key"]).args([&sealed]).ok();
}

#[test]
fn the_commands_of_the_guide_run() {
    let sandbox = Sandbox::new();
    let app = package_app(&sandbox);
    let (secret, public) = key(app);
    let passphrase = sandbox.path("passphrase");
    files::write(&app.path("out/.gitignore"), "*\n");
    files::write(&passphrase, "open sesame\n");
    app.provenance(["keygen", "--passphrase-file"]).args([&passphrase]).ok();
    files::remove(&passphrase);
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cargo-provenance/docs/guide/attest.md");
    let guide = files::read(&guide);
    let commands = guide.lines().filter_map(|line| line.strip_prefix("$ ")).collect::<Vec<_>>();
    assert_eq!(commands.len(), 5, "{commands:?}");
    for command in commands {
        // Nobody is there to type it.
        let typed = if command == "cargo provenance attest" {
            std::thread::sleep(std::time::Duration::from_millis(1_100));
            files::write(&passphrase, "open sesame\n");
            format!(" --passphrase-file {}", passphrase.display())
        } else {
            String::new()
        };
        let binary = tests::sandbox::provenance_binary().display();
        let line = command.replace("cargo provenance", &format!("'{binary}'")) + &typed;
        let path = format!("{}:/usr/bin:/bin", sandbox.tools().display());
        let shell = sandbox.outer_program("sh", &app.root()).env("PATH", path).env("KEY_FILE", &secret);
        shell.args(["-c", &line]).ok();
    }
    judged(&sandbox, &app.path("out/app"), &app.path("out/app.intoto.jsonl"), &public);
}
