//! `scan`: programs in files, folders, archives and memory; what is vulnerable, what nobody knows, and what hostile files try.

#[cfg(target_os = "linux")]
mod running;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use cargo_provenance::attest::envelope::{Envelope, IN_TOTO};
use cargo_provenance::keys::{KeyFile, Passphrase, Signer};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use tests::krate::days_ago;
use tests::{Advisory, AdvisoryDb, Output, Run, Sandbox, files};

const ID: &str = "RUSTSEC-2025-0002";

/// The date so many days ago.
fn day(ago: u64) -> String {
    days_ago(ago)[..10].to_owned()
}

/// What is refused everywhere: `victim 1.0.0`.
fn advisory() -> Advisory {
    Advisory::new(ID, "victim").date(&day(1)).patched(">= 1.0.1").key("aliases = [\"CVE-2025-1234\"]")
}

/// A database in a directory.
fn database(sandbox: &Sandbox, name: &str, advisories: &[Advisory]) -> PathBuf {
    let folder = sandbox.path(name);
    for advisory in
        [Advisory::new("RUSTSEC-2025-0001", "nobody-uses-this").date(&day(1))].iter().chain(advisories)
    {
        files::write(&folder.join(advisory.path()), advisory.to_text());
    }
    folder
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(vec![], Compression::default());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

/// The list of a program `app 0.1.0` and its dependencies of crates.io, packed as a section holds it.
fn list(dependencies: &[(&str, &str)]) -> Vec<u8> {
    let mut packages = vec![json!({ "name": "app", "version": "0.1.0", "source": "local", "root": true,
        "dependencies": (1..=dependencies.len()).collect::<Vec<_>>() })];
    packages.extend(
        dependencies
            .iter()
            .map(|(name, version)| json!({ "name": name, "version": version, "source": "crates.io" })),
    );
    zlib(json!({ "packages": packages }).to_string().as_bytes())
}

/// An ELF file with these sections and nothing that could be executed.
fn elf(sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut names = b"\0.shstrtab\0".to_vec();
    let mut data: Vec<u8> = vec![];
    let mut headers = vec![[0; 64], [0; 64]];
    let header = |name: usize, kind: u32, offset: usize, size: usize| {
        let mut header = [0; 64];
        header[..4].copy_from_slice(&u32::try_from(name).expect("short").to_le_bytes());
        header[4..8].copy_from_slice(&kind.to_le_bytes());
        header[24..32].copy_from_slice(&(offset as u64).to_le_bytes());
        header[32..40].copy_from_slice(&(size as u64).to_le_bytes());
        header[48] = 1;
        header
    };
    for (name, content) in sections {
        headers.push(header(names.len(), 1, 64 + data.len(), content.len()));
        names.extend(name.bytes().chain([0]));
        data.extend(content);
    }
    headers[1] = header(1, 3, 64 + data.len(), names.len());
    data.extend(&names);
    let mut file = vec![0; 64];
    file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (file[16], file[18], file[20], file[52], file[58]) = (2, 62, 1, 64, 64);
    file[40..48].copy_from_slice(&(64 + data.len() as u64).to_le_bytes());
    file[60] = u8::try_from(headers.len()).expect("few");
    file[62] = 1;
    file.extend(data);
    file.extend(headers.concat());
    file
}

fn program(dependencies: &[(&str, &str)]) -> Vec<u8> {
    elf(&[(".dep-v0", list(dependencies))])
}

fn vulnerable() -> Vec<u8> {
    program(&[("victim", "1.0.0"), ("bystander", "2.0.0")])
}

fn harmless() -> Vec<u8> {
    program(&[("victim", "1.0.1")])
}

fn tar_gz(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(vec![], Compression::default()));
    for (path, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, path, *content).expect("in memory");
    }
    builder.into_inner().expect("in memory").finish().expect("in memory")
}

fn scan(sandbox: &Sandbox, database: &Path) -> Run {
    fs::create_dir_all(sandbox.path("")).expect("a folder");
    sandbox.provenance(&sandbox.path("")).args(["scan"]).args(["--db".as_ref(), database.as_os_str()])
}

fn lines(output: &Output) -> Vec<Value> {
    let parsed =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: `{line}`: {output}"));
    output.stdout.lines().map(parsed).collect()
}

fn summary(output: &Output) -> Value {
    lines(output).pop().expect("a summary")
}

#[test]
fn programs_tell_what_is_vulnerable_wherever_they_lie() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[advisory()]);
    let write = |path: &str, content: &[u8]| {
        files::write(&sandbox.path(path), content);
        sandbox.path(path)
    };
    let bad = write("bad", &vulnerable());
    let good = write("good", &harmless());
    scan(&sandbox, &db).args([&good]).ok().stderr_has("1 program of 2 packages: nothing found");
    scan(&sandbox, &db)
        .args([&bad])
        .run()
        .code(1)
        .stderr_has(&format!(
            "error[vulnerability]: `victim v1.0.0` is vulnerable: Something is wrong with victim ({ID})"
        ))
        .stderr_has(&format!("in `{}`", bad.display()))
        .stderr_has("patched: >=1.0.1");

    let image = sandbox.path("image");
    write("image/usr/bin/good", &harmless());
    write("image/usr/bin/bad", &vulnerable());
    write("image/usr/bin/script", b"#!/bin/sh\n");
    write("image/opt/app.tar.gz", &tar_gz(&[("app/bin/bad", &vulnerable()), ("app/README", b"x")]));
    let folder = image.clone();
    fs::hard_link(folder.join("usr/bin/bad"), folder.join("usr/bin/twin")).expect("a link");
    let told = scan(&sandbox, &db).args([&image]).args(["--message-format", "json"]).run().code(1);
    let counts = &summary(&told)["counts"];
    assert_eq!(
        (&counts["files"], &counts["images"], &counts["vulnerable"]),
        (&4.into(), &3.into(), &2.into()),
        "{told}"
    );
    let finding = lines(&told).into_iter().find(|line| line["reason"] == "finding").expect("a finding");
    assert_eq!((&finding["id"], &finding["subject"]), (&"vulnerability".into(), &ID.into()));
    assert_eq!(finding["places"].as_array().map(Vec::len), Some(2), "{finding}");
    assert!(finding["notes"].to_string().contains("app.tar.gz > app/bin/bad"), "{finding}");
    scan(&sandbox, &db)
        .args([&image])
        .args(["--message-format", "sarif"])
        .run()
        .code(1)
        .stdout_has("\"ruleId\":\"vulnerability\"");
}

#[test]
fn what_cannot_be_looked_into_is_never_clean() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[advisory()]);
    let good = sandbox.path("folder/good");
    files::write(&good, harmless());
    let mut cut = tar_gz(&[("good", &harmless())]);
    cut.truncate(cut.len() - 12);
    let damaged = elf(&[(".dep-v0", b"no list".to_vec())]);
    let bomb = elf(&[(".dep-v0", zlib(&vec![b' '; 64 << 20]))]);
    for (name, content, why) in [
        ("section", damaged, "`.dep-v0` section is unreadable"),
        ("bomb", bomb, "`.dep-v0` section is unreadable"),
        ("elf", vulnerable()[..300].to_vec(), "could not be looked into"),
        ("cut.tar.gz", cut, "it cannot be read to its end"),
        ("app.tar.xz", b"\xfd7zXZ\0x".to_vec(), "an xz archive, which is not opened"),
    ] {
        let path = sandbox.path(name);
        files::write(&path, &content);
        scan(&sandbox, &db).args([&good, &path]).run().code(3).stderr_has(why);
    }
    scan(&sandbox, &db).args([sandbox.path("nothing")]).run().code(3).stderr_has("could not be looked into");
    // In a folder, what is packed otherwise is told and decides nothing; it would never come to an end.
    files::write(&sandbox.path("folder/app.zip"), b"PK\x03\x04x");
    scan(&sandbox, &db)
        .args([sandbox.path("folder")])
        .ok()
        .stderr_has("1 archive of kinds that are not opened");
    // What is known to be bad is no less so because something else is not known.
    files::write(&sandbox.path("bad"), vulnerable());
    scan(&sandbox, &db).args([sandbox.path("bad"), sandbox.path("section")]).run().code(1);

    scan(&sandbox, &db).args([sandbox.path("folder")]).args(["--require-sections"]).ok();
    files::write(&sandbox.path("folder/mute"), elf(&[]));
    scan(&sandbox, &db).args([sandbox.path("folder")]).ok().stderr_has("2 programs, 1 of them with a list");
    scan(&sandbox, &db)
        .args([sandbox.path("folder")])
        .args(["--require-sections"])
        .run()
        .code(1)
        .stderr_has("does not say what it was built from");
}

#[cfg(unix)]
#[test]
#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
fn files_of_others_are_not_known() {
    if files::is_root() {
        eprintln!("SKIPPED: the administrator may read everything");
        return;
    }
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[]);
    files::write(&sandbox.path("folder/secret"), harmless());
    files::permissions(&sandbox.path("folder/secret"), 0o000);
    scan(&sandbox, &db).args([sandbox.path("folder")]).run().code(3).stderr_has("Permission denied");
}

#[test]
fn without_a_young_database_nothing_is_decided() {
    let sandbox = Sandbox::new();
    files::write(&sandbox.path("good"), harmless());
    files::write(&sandbox.path("bad"), vulnerable());
    let old = sandbox.path("old");
    let advisory = Advisory::new(ID, "victim").date(&day(60)).patched(">= 1.0.1");
    files::write(&old.join(advisory.path()), advisory.to_text());
    scan(&sandbox, &old)
        .args([sandbox.path("good")])
        .run()
        .code(3)
        .stderr_has("60 days ago, and at most 14 days are allowed");
    // What an old one knows is known all the same.
    scan(&sandbox, &old).args([sandbox.path("bad")]).run().code(1);
    scan(&sandbox, &sandbox.path("none"))
        .args([sandbox.path("good")])
        .run()
        .code(3)
        .stderr_has("has no directory `crates`");
    let odd = database(&sandbox, "odd", &[]);
    files::write(&odd.join("crates/victim/RUSTSEC-2025-0002.md"), "damaged");
    scan(&sandbox, &odd).args([sandbox.path("good")]).run().code(3).stderr_has("a file that cannot be read");

    // Without `--db`, those of the policy count, which `db update` fetches.
    let own = |file: &str| sandbox.provenance(&sandbox.path("")).args(["scan", file]).run();
    own("good").code(3).stderr_has("was never fetched").stderr_has("cargo provenance db update");
    AdvisoryDb::new(&sandbox).publish(&[self::advisory()]);
    sandbox.provenance(&sandbox.path("")).args(["db", "update"]).ok();
    own("good").code(0);
    own("bad").code(1);

    // Whoever may write to the folder may not say what counts.
    let policy = "version = 1\n[checks]\nvulnerability = \"allow\"\n";
    files::write(&sandbox.path("Provenance.toml"), policy);
    own("bad").code(1).stderr_has("Ignoring").stderr_has("Provenance.toml");
    let named =
        sandbox.provenance(&sandbox.path("")).args(["scan", "bad", "--policy", "Provenance.toml"]).run();
    named.code(0).stderr_lacks("Ignoring");
}

#[cfg(unix)]
#[test]
fn hostile_files_hang_and_fool_nobody() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[advisory()]);
    let root = sandbox.path("root");
    files::write(&sandbox.path("outside/bad"), vulnerable());
    files::write(&root.join("good"), harmless());
    files::link(&sandbox.path("outside/bad"), &root.join("escape"));
    files::link(&sandbox.path("outside"), &root.join("way-out"));
    files::link(Path::new("."), &root.join("loop"));
    sandbox.outer_program("mkfifo", &root).args(["pipe"]).ok();
    scan(&sandbox, &db).args([&root]).ok().stderr_has("1 program of 2 packages");

    // A name that moves the cursor over the verdict, and one that begins a line of its own.
    for name in ["\u{1b}[2J\u{1b}[1;1Hfine", "x\n    Finished nothing found", "\u{202e}good", "a (deleted)"] {
        files::write(&root.join("names").join(name), vulnerable());
    }
    let told = scan(&sandbox, &db).args([&root]).run().code(1);
    assert!(!told.stderr.contains('\u{1b}') && !told.stderr.contains('\u{202e}'), "{told}");
    told.stderr_lacks("\n    Finished").stderr_has("a (deleted)");

    // A file that claims to be far larger than it is takes no time and no memory.
    let sparse = sandbox.path("sparse");
    files::write(&sparse, vulnerable());
    File::options().write(true).open(&sparse).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    scan(&sandbox, &db).args([&sparse]).run().code(3).stderr_has("it has more than");
}

fn vex(sandbox: &Sandbox, name: &str, product: &Value, status: &str, time: &str) -> PathBuf {
    let path = sandbox.path(name);
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex", "author": "security@example.org",
        "timestamp": time, "version": 1,
        "statements": [{ "vulnerability": { "name": "CVE-2025-1234" }, "products": [product], "status": status,
            "justification": "vulnerable_code_not_in_execute_path" }],
    });
    files::write(&path, document.to_string());
    path
}

#[test]
fn what_openvex_says_mutes_what_it_names_and_nothing_else() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[advisory()]);
    let bad = sandbox.path("bad");
    files::write(&bad, vulnerable());
    let app = json!({ "@id": "pkg:cargo/app@0.1.0", "subcomponents": [{ "@id": "pkg:cargo/victim@1.0.0" }] });
    let judged =
        |documents: &[&PathBuf]| scan(&sandbox, &db).args([&bad]).args(["-v", "--vex"]).args(documents).run();
    let mute = vex(&sandbox, "mute.json", &app, "not_affected", "2026-01-01T00:00:00Z");
    judged(&[&mute])
        .code(0)
        .stderr_has("Muted 1 finding, by OpenVEX documents")
        .stderr_has("`not_affected` by security@example.org")
        .stderr_has("the vulnerable code is never executed");
    let other = json!({ "@id": "pkg:cargo/other", "subcomponents": [{ "@id": "pkg:cargo/victim@1.0.0" }] });
    judged(&[&vex(&sandbox, "other.json", &other, "not_affected", "2026-01-01T00:00:00Z")]).code(1);
    let later = vex(&sandbox, "later.json", &app, "affected", "2026-01-01T12:00:00Z");
    judged(&[&mute, &later]).code(1).stderr_has("`affected` by security@example.org");
    let digest = sha256(&vulnerable());
    let by_digest = json!({ "hashes": { "sha-256": digest } });
    judged(&[&vex(&sandbox, "digest.json", &by_digest, "fixed", "2026-01-01T00:00:00Z")]).code(0);
    files::replace(&mute, "not_affected", "harmless");
    judged(&[&mute]).code(2).stderr_has("the status `harmless`");
    judged(&[&sandbox.path("none.json")]).code(3).stderr_has("could not read");
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn programs_of_another_manifest_are_told() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[]);
    let manifest = sandbox.path("Provenance.lock.release");
    files::write(&manifest, "version = 1\n");
    let pins = |manifest: &[u8]| {
        let section = json!({ "format": 1, "manifest": format!("sha256:{}", sha256(manifest)), "keys": [], "packages": [] });
        elf(&[(".dep-v0", list(&[])), (".provenance-v1", zlib(section.to_string().as_bytes()))])
    };
    let judged = |content: &[u8]| {
        files::write(&sandbox.path("app"), content);
        scan(&sandbox, &db)
            .args([sandbox.path("app")])
            .args(["--manifest".as_ref(), manifest.as_os_str()])
            .run()
    };
    judged(&pins(b"version = 1\n")).code(0);
    judged(&pins(b"version = 2\n")).code(4).stderr_has("was built by another manifest");
    judged(&harmless()).code(4).stderr_has("does not say which manifest");
}

/// A bundle of one statement about some bytes, signed by a key that is made on the way; and that key's line.
fn attestation(sandbox: &Sandbox, name: &str, kind: &str, subject: &[u8]) -> (PathBuf, PathBuf) {
    let (key, keys) = (sandbox.path(&format!("{name}.key")), sandbox.path(&format!("{name}.keys")));
    let made = sandbox
        .provenance(&sandbox.path(""))
        .args(["keygen", "--no-passphrase", "--output"])
        .args([&key])
        .ok();
    files::write(&keys, &made.stdout);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": sha256(subject) } }],
        "predicateType": kind,
        "predicate": {},
    });
    let mut envelope = Envelope::new(IN_TOTO, statement.to_string().into_bytes());
    let never = |_: &str| Err(std::io::Error::other("nobody to ask"));
    let key =
        KeyFile::read(&key).expect("a key").open(Passphrase::Ask(&never)).expect("without a passphrase");
    let mut signer = Signer::File(key);
    let signature = signer.sign_bytes(&envelope.to_be_signed()).expect("signed");
    envelope.sign(&signer.public(), &signature);
    let bundle = sandbox.path(&format!("{name}.intoto.jsonl"));
    files::write(&bundle, envelope.to_line() + "\n");
    (bundle, keys)
}

#[test]
fn programs_that_no_trusted_key_signed_for_are_told() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[]);
    let app = sandbox.path("app");
    files::write(&app, harmless());
    let slsa = "https://slsa.dev/provenance/v1";
    let (good, keys) = attestation(&sandbox, "good", slsa, &harmless());
    let (other, other_keys) = attestation(&sandbox, "other", slsa, &vulnerable());
    let (mere, mere_keys) = attestation(&sandbox, "mere", "https://example.org/mere/v1", &harmless());
    let judged = |bundle: &Path, keys: &Path, rest: &[&str]| {
        let named =
            ["--attestation".as_ref(), bundle.as_os_str(), "--trusted-keys".as_ref(), keys.as_os_str()];
        scan(&sandbox, &db).args([&app]).args(named).args(rest).run()
    };
    let required = ["--require-attested"];
    judged(&good, &keys, &required).code(0).stderr_lacks("unattested");
    // Of another file, of another key, of another kind: each vouches for nothing here.
    for (bundle, keys) in [(&other, &other_keys), (&good, &other_keys), (&mere, &mere_keys)] {
        judged(bundle, keys, &required).code(5).stderr_has("error[unattested]");
        judged(bundle, keys, &[]).code(0).stderr_has("note[unattested]");
    }
    let line = files::read(&good);
    let at = line.find("\"payload\":\"").expect("a payload") + 40;
    let flipped = if &line[at..=at] == "A" { "B" } else { "A" };
    files::write(&good, format!("{}{flipped}{}", &line[..at], &line[at + 1..]));
    judged(&good, &keys, &required).code(5);
    files::write(&good, format!("garbage\n{line}"));
    judged(&good, &keys, &required).code(0).stderr_has("1 attestation that no trusted key signed");
    scan(&sandbox, &db)
        .args([&app])
        .args(["--attestation".as_ref(), good.as_os_str()])
        .run()
        .code(2)
        .stderr_has("--trusted-keys");
}

/// Looks again and again while something changes, and says nothing while nothing does.
#[test]
fn a_watch_reports_what_changed_in_whole_lines() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[]);
    files::write(&sandbox.path("folder/bad"), vulnerable());
    let watch = ["--watch", "--interval", "1", "--rounds", "6", "--message-format", "json"];
    let running = scan(&sandbox, &db).args([sandbox.path("folder")]).args(watch).start();
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    // Put in its place at once: half an advisory would be an odd file.
    files::write(&sandbox.path("advisory"), advisory().to_text());
    fs::create_dir_all(db.join("crates/victim")).expect("a folder");
    fs::rename(sandbox.path("advisory"), db.join(advisory().path())).expect("renamed");
    let told = running.wait().code(1);
    let lines = lines(&told);
    assert_eq!(lines.iter().filter(|line| line["reason"] == "start").count(), 1, "{told}");
    let summaries = lines.iter().filter(|line| line["reason"] == "summary").collect::<Vec<_>>();
    let outcomes = summaries.iter().map(|line| line["outcome"].as_str()).collect::<Vec<_>>();
    assert_eq!(outcomes, [Some("fine"), Some("refused"), Some("refused")], "{told}");
    assert!(summaries[2]["conclusion"].to_string().contains("nothing changed since"), "{told}");
    assert_eq!(lines.iter().filter(|line| line["reason"] == "finding").count(), 1, "{told}");

    scan(&sandbox, &db)
        .args([sandbox.path("folder")])
        .args(["--watch", "--message-format", "sarif"])
        .run()
        .code(2);
    scan(&sandbox, &db).run().code(2).stderr_has("required arguments were not provided");
}

/// What the guide shows works, and its unit names a command that there is.
#[test]
fn the_guide_tells_the_truth() {
    let sandbox = Sandbox::new();
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cargo-provenance/docs/guide/scan.md");
    let guide = files::read(&guide);
    files::write(&sandbox.path("server"), harmless());
    files::write(&sandbox.path("image/usr/bin/server"), harmless());
    files::write(&sandbox.path("server.tar.gz"), tar_gz(&[("server", &harmless())]));
    let app = json!({ "@id": "pkg:cargo/app@0.1.0" });
    vex(&sandbox, "server.vex.json", &app, "not_affected", "2026-01-01T00:00:00Z");
    AdvisoryDb::new(&sandbox);
    sandbox.provenance(&sandbox.path("")).args(["db", "update"]).ok();
    let commands =
        guide.lines().filter_map(|line| line.strip_prefix("$ cargo provenance ")).collect::<Vec<_>>();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let run = sandbox.provenance(&sandbox.path("")).args(command.split(' ')).run();
        // Nobody can say what else runs on this machine, and who may look into it.
        let codes: &[i32] = if command.contains("--running") { &[0, 3] } else { &[0] };
        run.code_in(codes);
    }
    let unit = guide
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/cargo-provenance "))
        .expect("a unit");
    sandbox.provenance(&sandbox.path("")).args(unit.split(' ')).run().code_in(&[0, 3]);
}
