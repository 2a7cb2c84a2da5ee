//! What packages say of themselves: manifests that are not what the index or the author says, and licenses.
//!
//! Cargo takes every one of these packages without a word.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::krate::Tree;
use tests::project::{CLEAN, package};
use tests::{Krate, Project, Registry, Sandbox, files};

const FILES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "Provenance.lock", "Provenance.toml"];

fn state(project: Project<'_>) -> BTreeMap<&'static str, String> {
    FILES.iter().map(|file| (*file, files::read(&project.path(file)))).collect()
}

fn krate(name: &str) -> Krate {
    Krate::greeting(name, "1.0.0", CLEAN)
}

/// Publishes a crate under an index line that says something else.
fn publish_lying(registry: &Registry, krate: &Krate, lie: impl FnOnce(&mut Value)) {
    let archive = krate.to_archive();
    let mut line = krate.to_index_line(&archive);
    lie(&mut line);
    registry.publish_raw(line, archive);
}

/// Expects that cargo itself takes each package, and that `add` refuses it for `check` and leaves everything as it was.
fn refuses_what_cargo_takes(sandbox: &Sandbox, names: &[&str], check: &str) -> Vec<String> {
    let plain = Project::app(sandbox, "plain");
    let gated = Project::app(sandbox, "gated").pinned();
    plain.cargo(["add", "--quiet"]).args(names).ok();
    plain.cargo(["fetch", "--quiet"]).ok();
    let before = state(gated);
    let refused = names.iter().map(|name| {
        let output = gated.provenance(["add", name]).run().code(1);
        assert!(output.stderr.contains(&format!("[{check}]")) && output.stderr.contains(name), "{output}");
        assert!(before == state(gated), "something was changed for {name}");
        output.stderr
    });
    refused.collect()
}

#[test]
fn an_index_that_says_something_else_than_the_package() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    publish_lying(registry, &krate("hides-one").dependency("victim", "1"), |line| line["deps"] = json!([]));
    let dependency = krate("other").dependency("victim", "1");
    let deps = dependency.to_index_line(&dependency.to_archive())["deps"].clone();
    publish_lying(registry, &krate("invents-one"), |line| line["deps"] = deps);
    let turned = krate("makes-optional").dependency("victim", "1");
    publish_lying(registry, &turned, |line| line["deps"][0]["optional"] = json!(true));
    let turned = krate("makes-dev").dependency("victim", "1");
    publish_lying(registry, &turned, |line| line["deps"][0]["kind"] = json!("dev"));
    publish_lying(registry, &krate("invents-feature"), |line| line["features"] = json!({ "std": [] }));
    publish_lying(registry, &krate("hides-links").build_script("fn main() {}").links("z"), |line| {
        line["links"] = Value::Null;
    });
    let names = ["hides-one", "invents-one", "makes-optional", "makes-dev", "invents-feature", "hides-links"];
    let told = refuses_what_cargo_takes(&sandbox, &names, "index-manifest-mismatch");
    for (told, what) in told.iter().zip([
        "only `Cargo.toml` has the dependency `victim`",
        "only the index has the dependency `victim`",
        "only the index has the optional dependency `victim`",
        "only `Cargo.toml` has the dependency `victim`",
        "only the index has the feature `std`",
        "`Cargo.toml` links `z`, and the index says nothing",
    ]) {
        assert!(told.contains(what), "{what}: {told}");
    }
}

#[test]
fn a_manifest_that_does_not_follow_from_the_authors() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let honest = |name: &str| {
        let manifest = krate(name).with_original().all_files()["Cargo.toml.orig"].clone();
        String::from_utf8(manifest).expect("UTF-8")
    };
    let published = |krate: Krate| {
        let original = honest(krate.name());
        registry.publish(&krate.file("Cargo.toml.orig", &original));
    };
    published(krate("gets-dependency").dependency("victim", "1"));
    published(krate("gets-build-dependency").build_dependency("victim", "1"));
    published(krate("gets-links").build_script("fn main() {}").links("z"));
    published(krate("gets-macro").proc_macro().file("src/lib.rs", ""));
    published(
        krate("gets-script").package_line("build = \"src/make.rs\"").file("src/make.rs", "fn main() {}"),
    );
    registry.publish(&krate("gets-name").file("Cargo.toml.orig", &honest("another")));
    let names =
        ["gets-dependency", "gets-build-dependency", "gets-links", "gets-macro", "gets-script", "gets-name"];
    let told = refuses_what_cargo_takes(&sandbox, &names, "manifest-orig-mismatch");
    for (told, what) in told.iter().zip([
        "it has the dependency `victim`",
        "it has the build-dependency `victim`",
        "it links `z`",
        "it is a procedural macro",
        "it has the build script `src/make.rs`",
        "its name is `gets-name`, and was `another`",
    ]) {
        assert!(told.contains(what), "{what}: {told}");
    }

    registry.publish(&krate("honest").dependency("victim", "1").with_original());
    Project::app(&sandbox, "honest").pinned().provenance(["add", "honest"]).ok();
}

#[test]
fn a_second_manifest_where_case_does_not_matter() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&krate("two-faced").file("cargo.toml", "[package]\nname = \"two-faced\"\n"));
    let told = refuses_what_cargo_takes(&sandbox, &["two-faced"], "manifest-duplicate");
    assert!(told[0].contains("`cargo.toml`"), "{told:?}");
    // Nobody may wave it through.
    let gated = Project::app(&sandbox, "waved");
    gated.pinned().provenance(["add", "two-faced", "--accept", "manifest-duplicate=why"]).run().code(2);
}

#[test]
fn what_only_deserves_a_look_is_noted_and_let_in() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let generated = "# THIS FILE IS AUTOMATICALLY GENERATED BY CARGO\n";
    let manifest = format!("{generated}[package]\nname = \"lost\"\nversion = \"1.0.0\"\nlicense = \"MIT\"\n");
    for (krate, check) in [
        (krate("nowhere").without_commit(), "vcs-missing"),
        (krate("unsaid").file(".cargo_vcs_info.json", "{\"git\":{\"sha1\":\"main\"}}"), "vcs-missing"),
        (krate("unclean").commit(Tree::Dirty), "vcs-dirty"),
        (
            krate("elsewhere").package_line("build = \"src/make.rs\"").file("src/make.rs", "fn main() {}"),
            "build-script-unusual-path",
        ),
        (krate("lost").file("Cargo.toml", &manifest), "manifest-orig-mismatch"),
    ] {
        registry.publish(&krate);
        let app = Project::app(&sandbox, krate.name()).pinned();
        app.provenance(["add", krate.name()]).ok().stderr_has(&format!("note[{check}]"));
        assert_eq!(app.locked(krate.name()), "1.0.0");
        // Nothing of it refuses later.
        app.provenance(["pin", "--recheck"]).ok();
        app.provenance(["verify"]).ok();
    }
}

#[test]
fn a_license_that_the_policy_does_not_allow() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&krate("copyleft").license(Some("GPL-3.0-only")));
    registry.publish(&krate("either").license(Some("GPL-3.0-only/MIT")));
    let app = Project::app(&sandbox, "app");
    let app = app.with("Provenance.toml", "version = 1\n[licenses]\nallow = [\"MIT\"]\n").pinned();
    let before = state(app);
    let output = app.provenance(["add", "copyleft"]).run().code(1);
    let output = output.stderr_has("error[license]: `copyleft v1.0.0` is licensed under `GPL-3.0-only`");
    output.stderr_has("allow = [\"MIT\"]").stderr_has("not in the list: \"GPL-3.0-only\"");
    // It refuses, and a person cannot wave it through for just these bytes.
    app.provenance(["add", "copyleft", "--accept", "license=why"]).run().code(1);
    assert!(before == state(app), "something was changed");
    app.provenance(["add", "either"]).ok();

    files::replace(&app.path("Provenance.toml"), "allow = [\"MIT\"]", "allow = [\"GPL-3.0\", \"MIT\"]");
    app.provenance(["pin"]).ok();
    app.provenance(["add", "copyleft"]).ok();
    app.provenance(["check"]).ok();

    // What is there already is judged by the list as it is now.
    files::replace(&app.path("Provenance.toml"), "allow = [\"GPL-3.0\", \"MIT\"]", "allow = [\"GPL-3.0\"]");
    app.provenance(["pin"]).ok();
    let output = app.provenance(["check"]).run().code(1);
    output.stderr_has("error[license]: `victim v1.0.0` is licensed under `MIT`");
    files::replace(&app.path("Provenance.toml"), "\"GPL-3.0\"", "\"GPL-3\"");
    app.provenance(["pin"])
        .run()
        .code(2)
        .stderr_has("`GPL-3` is not an entry for `allow`")
        .stderr_has("did you mean");
}

#[test]
fn a_license_that_no_list_can_judge_needs_a_person() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&krate("silent").license(None));
    registry.publish(&krate("homemade").license(Some("my own, do as you like")));
    registry.publish(
        &krate("filed").license(None).package_line("license-file = \"LICENSE\"").file("LICENSE", "x"),
    );
    for (name, checks) in [
        ("silent", &["license-missing"][..]),
        ("homemade", &["license", "license-not-spdx"]),
        ("filed", &["license"]),
    ] {
        let app = Project::app(&sandbox, name).pinned();
        let before = state(app);
        let output = app.provenance(["add", name]).run().code(1);
        for check in ["license", "license-missing", "license-not-spdx"] {
            let found = output.stderr.contains(&format!("[{check}]"));
            assert_eq!(found, checks.contains(&check), "{check}: {output}");
        }
        assert!(before == state(app), "something was changed");
        let accepts = checks.iter().flat_map(|check| ["--accept".to_owned(), format!("{check}=read it")]);
        app.provenance(["add", name]).args(accepts).ok();
        // The acceptance stands for these bytes.
        app.provenance(["pin", "--recheck"]).ok();
    }
}

#[test]
fn after_init_no_license_stands_against_the_packages_that_are_there() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let mut dependencies = String::new();
    for (name, license) in [
        ("slashed", Some("MIT/Apache-2.0")),
        ("dated", Some("GPL-2.0+")),
        ("ranged", Some("MPL-1.1+")),
        ("own-words", Some("LicenseRef-Corp.1")),
        ("nested", Some("(ISC OR AGPL-3.0-only) AND Unicode-3.0 AND (Apache-2.0 WITH LLVM-exception)")),
        ("homemade", Some("do \"what\" you like\\")),
        ("filed", None),
        ("silent", None),
    ] {
        let krate = krate(name).license(license);
        registry.publish(&match name {
            "filed" => krate.package_line("license-file = \"LICENSE\"").file("LICENSE", "x"),
            _ => krate,
        });
        dependencies += &format!("{name} = \"1\"\n");
    }
    let app = Project::empty(&sandbox, "app");
    let app =
        app.with("Cargo.toml", &package("app", &dependencies)).with("src/main.rs", "fn main() {}\n").pinned();
    let policy = files::read(&app.path("Provenance.toml"));
    for listed in
        ["Apache-2.0", "Apache-2.0 WITH LLVM-exception", "GPL-2.0-or-later", "ISC", "LicenseRef-Corp.1"]
    {
        assert!(policy.contains(&format!("\"{listed}\"")), "{listed}: {policy}");
    }
    assert!(!policy.contains("AGPL") && !policy.contains("\"do"), "{policy}");
    let pins = files::read(&app.path("Provenance.lock"));
    assert_eq!(pins.matches("\"license\"").count(), 2, "what no list can judge is baseline: {pins}");
    assert_eq!(pins.matches("\"license-missing\"").count(), 1, "{pins}");

    for command in [&["check"][..], &["pin", "--recheck"], &["check"]] {
        let output = app.provenance([]).args(command).ok();
        assert!(!output.stderr.contains("[license"), "{output}");
    }
    // What comes in later is judged by the list.
    registry.publish(&krate("network").license(Some("AGPL-3.0-only")));
    app.provenance(["add", "network"]).run().code(1).stderr_has("[license]");
}

#[test]
fn without_a_list_no_license_is_judged() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&krate("copyleft").license(Some("GPL-3.0-only")));
    let app = Project::empty(&sandbox, "app");
    let app = app.with("Cargo.toml", &package("app", "")).with("src/main.rs", "fn main() {}\n");
    app.with("Provenance.toml", "version = 1\n").pinned().provenance(["add", "copyleft"]).ok();
}

#[test]
fn licenses_of_directories_and_repositories_count_too() {
    let sandbox = Sandbox::new();
    let shared = "[workspace]\nmembers = [\"*\"]\nresolver = \"3\"\n[workspace.package]\nlicense = \"MIT\"\n";
    let manifest = |name: &str, license: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{license}\n")
    };
    let libs = Project::empty(&sandbox, "libs").with("Cargo.toml", shared);
    for (name, license) in
        [("inherits", "license.workspace = true"), ("copyleft", "license = \"GPL-3.0-only\""), ("silent", "")]
    {
        libs.with(&format!("{name}/Cargo.toml"), &manifest(name, license))
            .with(&format!("{name}/src/lib.rs"), "");
    }
    libs.commit("libraries");
    let url = format!("file://{}", libs.root().display());
    let app = Project::app(&sandbox, "app").pinned();
    let listed = format!("git = [\"{url}\"]");
    files::replace(&app.path("Provenance.toml"), "git = []", &listed);
    app.provenance(["pin"]).ok();

    let from_git = |name| {
        let rev = libs.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
        app.provenance(["add", name]).args(["--git", &url, "--rev", &rev]).run()
    };
    for (name, check) in [("copyleft", "[license]"), ("silent", "[license-missing]")] {
        let path = format!("../libs/{name}");
        app.provenance(["add", name, "--path", &path]).run().code(1).stderr_has(check);
        from_git(name).code(1).stderr_has(check);
    }
    app.provenance(["add", "inherits", "--path", "../libs/inherits"]).ok();
    app.provenance(["remove", "inherits"]).ok();
    from_git("inherits").code(0);
}

#[test]
fn what_was_published_once_is_not_replaced_or_removed() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&krate("newcomer"));
    let app = Project::app(&sandbox, "app").pinned();
    app.provenance(["add", "newcomer"]).ok();
    let before = state(app);

    // The same version with other bytes. Cargo goes on with what it has.
    registry.publish(&Krate::greeting("newcomer", "1.0.0", "EVIL"));
    app.cargo(["fetch", "--locked"]).ok();
    app.provenance(["pin", "--recheck"]).run().code(1).stderr_has("error[checksum-changed]");
    // Another version in the place of the one that is locked.
    let other = Krate::greeting("newcomer", "1.0.1", CLEAN);
    let line = other.to_index_line(&other.to_archive()).to_string();
    registry.respond(&Registry::index_path("newcomer"), tests::Response::Body(line.into_bytes()));
    app.provenance(["pin", "--recheck"]).run().code(1).stderr_has("error[version-vanished]");
    assert!(before == state(app), "something was changed");

    registry.publish(&krate("newcomer"));
    registry.behave(&Registry::index_path("newcomer"));
    app.provenance(["pin", "--recheck"]).ok();
}

#[test]
fn a_package_that_says_it_is_another() {
    let sandbox = Sandbox::new();
    let manifest = |name: &str, version: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nlicense = \"MIT\"\n")
    };
    let app = Project::app(&sandbox, "app").pinned();
    for (name, said) in
        [("other-name", manifest("victim", "1.0.0")), ("other-version", manifest("other-version", "1.0.1"))]
    {
        sandbox.registry().publish(&krate(name).file("Cargo.toml", &said));
        app.provenance(["add", name]).run().code(1).stderr_has("error[manifest-identity]");
    }
}

#[test]
fn the_same_version_from_another_registry() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").with(
        ".cargo/config.toml",
        &format!("[registries.test]\nindex = \"{}\"\n", sandbox.alternative().index()),
    );
    let app = app.pinned();
    sandbox.alternative().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    files::replace(&app.path("Provenance.toml"), "[\"crates-io\"]", "[\"crates-io\", \"test\"]");
    app.provenance(["pin"]).ok();
    let manifest = files::read(&app.path("Cargo.toml"));
    let moved = manifest.replace("victim = \"1\"", "victim = { version = \"1\", registry = \"test\" }");
    files::write(&app.path("Cargo.toml"), &moved);
    app.cargo(["fetch"]).ok();
    let output = app.provenance(["pin"]).run().code(1);
    output.stderr_has("error[registry-changed]: `victim v1.0.0` was pinned from");
}

#[test]
fn a_repository_that_is_followed_by_a_name() {
    let sandbox = Sandbox::new();
    let lib = Project::empty(&sandbox, "lib").with("Cargo.toml", &package("lib", "")).with("src/lib.rs", "");
    lib.commit("library");
    lib.git(["tag", "v1"]).ok();
    let url = format!("file://{}", lib.root().display());
    let commit = lib.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    let app = Project::app(&sandbox, "app").pinned();
    files::replace(&app.path("Provenance.toml"), "git = []", &format!("git = [\"{url}\"]"));
    app.provenance(["pin"]).ok();
    for name in
        [&["--branch", "main"][..], &["--tag", "v1"], &["--rev", "v1"], &["--rev", "refs/heads/main"], &[]]
    {
        let output = app.provenance(["add", "lib", "--git", &url]).args(name).run().code(1);
        output.stderr_has("error[git-dependency-mutable]").stderr_has(&format!("`--rev {commit}`"));
    }
    app.provenance(["add", "lib", "--git", &url, "--rev", &commit[..10]]).ok();
}
