//! Attacks on git dependencies.

use std::path::PathBuf;

use tests::files;
use tests::krate::greeting_source;
use tests::project::{CLEAN, EVIL, make_clean, make_evil, package};
use tests::{Krate, Project, Sandbox};

/// A repository with the package `victim` in `crates/victim` and a file beside it that it includes.
pub(crate) fn repository(sandbox: &Sandbox) -> Project<'_> {
    let project = Project::empty(sandbox, "repository")
        .with("Cargo.toml", "[workspace]\nmembers = [\"crates/victim\"]\nresolver = \"3\"\n")
        .with("crates/victim/Cargo.toml", &package("victim", ""))
        .with("crates/victim/src/lib.rs", &greeting_source(CLEAN))
        .with("shared.txt", "shared\n");
    project.commit("first");
    project
}

/// `app` that depends on the repository.
pub(crate) fn dependent<'sandbox>(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Project<'sandbox> {
    let url = format!("file://{}", sandbox.path("repository").display());
    Project::greeter(sandbox, name, &format!("victim = {{ git = \"{url}\" }}"), "victim::greeting()")
}

/// The one checkout of the repository.
fn checkout(sandbox: &Sandbox) -> PathBuf {
    let files = files::list(&sandbox.cargo_home().join("git/checkouts"));
    let found = files.iter().find(|it| it.ends_with("shared.txt")).expect("a checkout");
    found.parent().expect("a directory").to_owned()
}

#[test]
fn edited_git_checkout() {
    let sandbox = Sandbox::new();
    repository(&sandbox);
    let plain = dependent(&sandbox, "plain");
    let gated = dependent(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    let victim = checkout(&sandbox).join("crates/victim");

    make_evil(&victim);
    plain.cargo(["run", "--quiet", "--locked", "--offline"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    make_clean(&victim);
    gated.is_clean();
}

#[test]
fn edited_file_beside_the_package_in_a_git_checkout() {
    let sandbox = Sandbox::new();
    let source = "pub fn greeting() -> &'static str { include_str!(\"../../../shared.txt\").trim() }";
    let origin = repository(&sandbox).with("crates/victim/src/lib.rs", source).with("shared.txt", "clean\n");
    origin.commit("second");
    let plain = dependent(&sandbox, "plain");
    let gated = dependent(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    let shared = checkout(&sandbox).join("shared.txt");

    files::write(&shared, "EVIL\n");
    plain.cargo(["run", "--quiet", "--locked", "--offline"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    files::write(&shared, "clean\n");
    gated.is_clean();
}

#[test]
fn build_script_added_to_a_git_checkout() {
    let sandbox = Sandbox::new();
    repository(&sandbox);
    let plain = dependent(&sandbox, "plain");
    let gated = dependent(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    let mark = sandbox.path("mark");
    let script = checkout(&sandbox).join("crates/victim/build.rs");

    files::write(&script, format!("fn main() {{ std::fs::write({mark:?}, \"\").unwrap(); }}"));
    plain.cargo(["build", "--quiet", "--locked", "--offline"]).ok();
    assert!(mark.exists(), "the build script did not run");
    gated.refuses("victim");

    files::remove(&script);
    gated.is_clean();
}

#[test]
fn a_lockfile_that_names_another_commit() {
    let sandbox = Sandbox::new();
    let origin = repository(&sandbox);
    let plain = dependent(&sandbox, "plain");
    let gated = dependent(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    gated.commit("gated");
    let head = |project: Project<'_>| project.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    let honest = head(origin);
    make_evil(&origin.path("crates/victim"));
    origin.commit("evil");

    for project in [plain, gated] {
        files::replace(&project.path("Cargo.lock"), &honest, &head(origin));
    }
    plain.cargo(["run", "--quiet", "--locked"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn a_link_in_a_git_checkout_that_leaves_it() {
    let sandbox = Sandbox::new();
    let source = "pub fn greeting() -> &'static str { include_str!(\"said.txt\").trim() }";
    repository(&sandbox)
        .with("crates/victim/src/lib.rs", source)
        .with("crates/victim/src/said.txt", "clean")
        .commit("2");
    let plain = dependent(&sandbox, "plain");
    let gated = dependent(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    files::write(&sandbox.path("outside.txt"), "EVIL");
    let said = checkout(&sandbox).join("crates/victim/src/said.txt");

    files::remove(&said);
    files::link(&sandbox.path("outside.txt"), &said);
    plain.cargo(["run", "--quiet", "--locked", "--offline"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    files::remove(&said);
    files::write(&said, "clean");
    gated.is_clean();
}

#[test]
fn nothing_is_checked_out_in_the_cargo_home_before_it_has_passed() {
    let sandbox = Sandbox::new();
    repository(&sandbox);
    sandbox.registry().publish(&Krate::greeting("other", "1.0.0", CLEAN));
    let app = Project::greeter(&sandbox, "app", "other = \"1\"", "other::greeting()").pinned();
    let url = format!("file://{}", sandbox.path("repository").display());
    let commit =
        Project::empty(&sandbox, "repository").git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    let checkouts = || files::list(&sandbox.cargo_home().join("git/checkouts"));
    let add = || app.provenance(["add", "victim", "--git", &url, "--rev", &commit]);
    add().run().code(1).stderr_has("error[source]");
    assert_eq!(checkouts(), Vec::<PathBuf>::new());

    let policy = files::read(&app.path("Provenance.toml")).replace("git = []", &format!("git = [{url:?}]"));
    files::write(&app.path("Provenance.toml"), policy);
    app.provenance(["pin"]).ok();
    add().ok().stderr_has("Entering victim");
    assert_eq!(checkouts(), Vec::<PathBuf>::new());
    app.provenance(["verify"]).ok();
    // Cargo checks it out of what is at hand when it builds.
    files::replace(&app.path("src/main.rs"), "other::", "victim::");
    app.cargo(["run", "--quiet", "--offline", "--locked"]).ok().stdout_has(CLEAN);
    app.provenance(["verify"]).ok();
    app.provenance(["update"]).ok();
}
