//! `vet --repository`: whether a package is what its repository has at the commit that it names.

use tests::files;
use tests::project::{CLEAN, EVIL};
use tests::{Krate, Output, Project, Sandbox};

/// The file that cargo packages `thing` into.
const CRATE: &str = "target/package/thing-1.0.0.crate";

const MANIFEST: &str = "[package]\nname = \"thing\"\nversion = \"1.0.0\"\nedition = \"2021\"\ndescription = \"x\"\n\
    license.workspace = true\nreadme = \"../../README.md\"\nrepository = \"https://example.invalid/thing\"\n\
    exclude = [\"notes.txt\"]\n";

/// A workspace whose member `thing` uses what cargo does to packages: inheritance, a readme from above, a link, a file
/// left out.
fn origin(sandbox: &Sandbox) -> Project<'_> {
    let project = Project::empty(sandbox, "origin")
        .with("Cargo.toml", "[workspace]\nmembers = [\"crates/thing\"]\nresolver = \"2\"\n[workspace.package]\nlicense = \"MIT\"\n")
        .with("README.md", "# thing\n")
        .with("shared/table.rs", "// shared\n")
        .with("crates/thing/Cargo.toml", MANIFEST)
        .with("crates/thing/build.rs", "fn main() {}\n")
        .with("crates/thing/notes.txt", "left out\n")
        .with("crates/thing/src/lib.rs", &format!("//! {CLEAN}\n"));
    files::link(std::path::Path::new("../../../shared/table.rs"), &project.path("crates/thing/src/table.rs"));
    project.commit("first");
    project
}

fn url(sandbox: &Sandbox) -> String {
    format!("--repository=file://{}", sandbox.path("origin").display())
}

/// Packages what lies there, committed or not.
#[track_caller]
fn package(origin: Project<'_>) {
    origin.cargo(["package", "--package", "thing", "--no-verify", "--allow-dirty", "--quiet"]).ok();
}

fn vet(project: Project<'_>, words: &[&str]) -> Output {
    project.provenance(["vet"]).args(words).run()
}

fn head(project: Project<'_>) -> String {
    project.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned()
}

#[test]
fn a_package_is_what_its_commit_holds_whatever_cargo_does_to_it() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    package(origin);
    let commit = head(origin);
    // What came later does not count.
    files::write(&origin.path("crates/thing/src/lib.rs"), "later");
    origin.commit("second");
    vet(origin, &[CRATE, &url(&sandbox)])
        .code(0)
        .stderr_has(&format!("at {}, in `crates/thing`: 4 files identical, 3 written by cargo, 1 copied from above, 1 of the commit left out", &commit[..12]))
        .stderr_lacks("repository-differs")
        .stderr_lacks("repository-unknown");
    vet(origin, &[CRATE, &url(&sandbox), "--offline"]).stderr_has("4 files identical");
    assert!(files::list(&sandbox.root().join("tmp")).is_empty());
}

#[test]
fn code_that_the_commit_does_not_have_is_refused() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    files::write(&origin.path("crates/thing/build.rs"), format!("fn main() {{ /* {EVIL} */ }}\n"));
    files::write(&origin.path("crates/thing/src/hidden.rs"), "// in no commit\n");
    files::write(&origin.path("crates/thing/tests/all.rs"), "// in no commit\n");
    package(origin);
    vet(origin, &[CRATE, &url(&sandbox)])
        .code(1)
        .stderr_has("error[repository-differs]: `thing v1.0.0` is not what its commit holds: 2 differences")
        .stderr_has("`build.rs` has other contents than in the commit")
        .stderr_has("`src/hidden.rs` is not in the commit")
        .stderr_has("review[repository-differs]: `thing v1.0.0` is not what its commit holds: 1 difference")
        .stderr_has("`tests/all.rs` is not in the commit");
}

#[test]
fn another_manifest_than_that_of_the_commit_is_refused() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    files::append(&origin.path("crates/thing/Cargo.toml"), "[features]\nhidden = []\n");
    package(origin);
    vet(origin, &[CRATE, &url(&sandbox)]).code(1).stderr_has("`Cargo.toml.orig` has other contents");
}

#[test]
fn line_ends_are_only_noted() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    files::write(&origin.path("crates/thing/src/lib.rs"), format!("//! {CLEAN}\r\n"));
    package(origin);
    vet(origin, &[CRATE, &url(&sandbox)])
        .code(0)
        .stderr_has("note[repository-differs]: `thing v1.0.0` has other line ends than its commit in 1 file");
}

#[test]
fn a_commit_that_no_branch_leads_to_proves_nothing() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    package(origin);
    let commit = head(origin);
    // It is still there, as the commits of forks are on large hosts, and whoever asks for it by name gets it.
    origin.git(["commit", "--quiet", "--amend", "--message", "rewritten"]).ok();
    let said = format!("leads to commit `{commit}`");
    vet(origin, &[CRATE, &url(&sandbox)]).code(3).stderr_has("error[repository-unknown]").stderr_has(&said);
    origin.git(["tag", "v1.0.0", &commit]).ok();
    vet(origin, &[CRATE, &url(&sandbox)]).code(0);
}

#[test]
fn files_of_submodules_are_not_taken_for_compared() {
    let sandbox = Sandbox::new();
    Project::empty(&sandbox, "inner").with("c.c", "int c;\n").commit("c");
    let origin = origin(&sandbox);
    let inner = format!("file://{}", sandbox.path("inner").display());
    // What `git submodule add` does, which is a shell script that needs more tools.
    origin.git(["clone", "--quiet", &inner, "crates/thing/vendor"]).ok();
    let entry = format!("[submodule \"c\"]\n\tpath = crates/thing/vendor\n\turl = {inner}\n");
    files::write(&origin.path(".gitmodules"), entry);
    origin.commit("with a submodule");
    package(origin);
    vet(origin, &[CRATE, &url(&sandbox)])
        .code(3)
        .stderr_has("2 files lie in a submodule, which is not fetched")
        .stderr_lacks("repository-differs");
}

#[test]
fn a_server_that_hands_out_parts_is_asked_for_parts() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    package(origin);
    origin.git(["config", "uploadpack.allowFilter", "true"]).ok();
    vet(origin, &[CRATE, &url(&sandbox)]).code(0).stderr_has("4 files identical");
}

#[test]
fn nothing_that_a_package_names_makes_git_do_anything_else() {
    let sandbox = Sandbox::new();
    let nowhere = Project::empty(&sandbox, "nowhere");
    let mark = sandbox.path("mark");
    let outside = Project::empty(&sandbox, "outside").with("secret.txt", "secret\n");
    outside.commit("secret");
    let touch = format!("ext::sh -c touch% {}", mark.display());
    let local = format!("file://{}", outside.root().display());
    let plain = outside.root().display().to_string();
    for (number, named) in [
        touch.as_str(),
        &local,
        &plain,
        "--upload-pack=touch mark",
        "-oProxyCommand=touch",
        "ssh://-oProxyCommand=touch/x",
        "https://user:secret@example.invalid/x",
        "https://example.invalid/x\\u001b[2J",
        "",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("hostile{number}");
        let krate = Krate::greeting(&name, "1.0.0", CLEAN).package_line(&format!("repository = \"{named}\""));
        sandbox.registry().publish(&krate);
        let output = vet(nowhere, &[&name, "--repository"]).code(3).stderr_has("error[repository-unknown]");
        assert!(!output.stderr.contains('\u{1b}'), "{output}");
    }
    assert!(!mark.exists());
    for named in [
        touch.as_str(),
        "--upload-pack=touch",
        "git@example.invalid:x",
        "https://u:p@example.invalid/x",
        "../outside",
    ] {
        vet(nowhere, &["hostile0", &format!("--repository={named}")]).code(2);
    }
    assert!(!mark.exists());
}

#[test]
fn what_says_nothing_of_its_origin_is_unknown() {
    let sandbox = Sandbox::new();
    let nowhere = Project::empty(&sandbox, "nowhere");
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("silent", "1.0.0", CLEAN).without_commit());
    registry.publish(&Krate::greeting("homeless", "1.0.0", CLEAN));
    let outward =
        "{\"git\":{\"sha1\":\"0123456789abcdef0123456789abcdef01234567\"},\"path_in_vcs\":\"../../etc\"}";
    registry.publish(&Krate::greeting("outward", "1.0.0", CLEAN).file(".cargo_vcs_info.json", outward));
    let address = "--repository=file:///no/such/repository";
    vet(nowhere, &["silent", address]).code(3).stderr_has("it does not say which commit it was made from");
    vet(nowhere, &["homeless", "--repository"]).code(3).stderr_has("its manifest names no repository");
    vet(nowhere, &["homeless", address]).code(3).stderr_has("could not fetch `file:///no/such/repository`");
    vet(nowhere, &["outward", address]).code(3).stderr_has("leads nowhere in a repository");
    let web = "--repository=https://example.invalid/x";
    let archive = Krate::greeting("homeless", "1.0.0", CLEAN).to_archive();
    files::write(&nowhere.path("homeless-1.0.0.crate"), archive);
    vet(nowhere, &["homeless-1.0.0.crate", web, "--offline"]).code(3).stderr_has("is out of reach offline");
    vet(nowhere, &["homeless", "--keep"]).code(2);
}

#[test]
fn the_result_is_kept_in_the_pin_and_dies_with_the_bytes() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    package(origin);
    let archive = files::read_bytes(&origin.path(CRATE));
    sandbox.registry().publish(&Krate::new("thing", "1.0.0").build_script("").archive(archive));
    let app = Project::greeter(&sandbox, "app", "thing = \"1\"", "1").pinned();
    let pins = || files::read(&app.path("Provenance.lock"));
    let before = pins();
    vet(app, &["thing", &url(&sandbox)]).code(0);
    assert_eq!(pins(), before);
    vet(app, &["thing", &url(&sandbox), "--keep"])
        .code(0)
        .stderr_has("Keeping thing v1.0.0: it is what")
        .stderr_has("1 pin written");
    let line = format!("repository = \"file://{}#{}\"\n", sandbox.path("origin").display(), head(origin));
    assert!(pins().contains(&line), "{}", pins());
    app.provenance(["verify"]).ok();
    app.provenance(["pin"]).ok();
    app.provenance(["pin", "--recheck"]).ok();
    let kept = pins();
    assert!(kept.contains(&line), "{kept}");
    app.provenance(["explain", "thing"]).ok().stdout_has("repository").stdout_has(&head(origin));
    vet(app, &["thing", &url(&sandbox), "--keep"]).code(0);
    assert_eq!(pins(), kept);
    // Another version is other bytes.
    sandbox.registry().publish(&Krate::new("thing", "1.0.1"));
    app.provenance(["update"]).ok();
    assert!(!pins().contains("repository = "), "{}", pins());
    vet(Project::empty(&sandbox, "nowhere"), &["thing@1.0.0", &url(&sandbox), "--keep"])
        .code(0)
        .stderr_has("nothing was kept: there is no pin here");
}

/// The archive at `from` with another packaged manifest.
fn with_manifest(from: &std::path::Path, change: impl Fn(String) -> String) -> Vec<u8> {
    let reader = flate2::read::GzDecoder::new(std::fs::File::open(from).expect("an archive"));
    let writer = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    let (mut archive, mut builder) = (tar::Archive::new(reader), tar::Builder::new(writer));
    for entry in archive.entries().expect("an archive of cargo") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").into_owned();
        let mut content = vec![];
        std::io::Read::read_to_end(&mut entry, &mut content).expect("its content");
        if path.ends_with("Cargo.toml") {
            content = change(String::from_utf8(content).expect("UTF-8")).into_bytes();
        }
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, &path, &content[..]).expect("in memory");
    }
    builder.into_inner().and_then(flate2::write::GzEncoder::finish).expect("in memory")
}

#[test]
fn a_packaged_manifest_that_was_changed_afterwards_is_not_taken_for_cargos() {
    let sandbox = Sandbox::new();
    let origin = origin(&sandbox);
    package(origin);
    let file = sandbox.path("thing-1.0.0.crate");
    let words = [&*file.display().to_string(), &url(&sandbox)].map(str::to_owned);
    for (old, new, told) in [
        (
            "path = \"src/lib.rs\"",
            "path = \"src/table.rs\"",
            "its library is `src/table.rs`, and was `src/lib.rs`",
        ),
        ("[lib]", "[features]\ndefault = []\n\n[lib]", "it has the feature `default`"),
        ("edition = \"2021\"", "edition = \"2018\"", "its edition is `2018`, and was `2021`"),
    ] {
        let changed = with_manifest(&origin.path(CRATE), |manifest| {
            assert!(manifest.contains(old), "{manifest}");
            manifest.replace(old, new)
        });
        std::fs::write(&file, changed).expect("a file");
        vet(origin, &[&words[0], &words[1]])
            .code(1)
            .stderr_has(
                "error[repository-differs]: `thing v1.0.0` is not what its commit holds: 1 difference",
            )
            .stderr_has(told)
            .stderr_has("2 written by cargo, ")
            .stderr_has("error[manifest-orig-mismatch]");
    }
}
