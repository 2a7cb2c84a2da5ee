//! What is fetched is judged before cargo unpacks it, and gets into the user's cargo home when it has passed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tests::files;
use tests::krate::{Entry, EntryType, greeting_source};
use tests::project::{CLEAN, EVIL, make_evil, package};
use tests::{Krate, Project, Registry, Response, Sandbox};

/// `app` with the dependency `victim`, pinned. It has no build helper, so that there is little to compile.
fn pinned<'sandbox>(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Project<'sandbox> {
    let project = Project::app(sandbox, name);
    project.cargo(["generate-lockfile"]).ok();
    project.provenance(["init"]).ok();
    project
}

/// Every file of the user's archives and unpacked sources.
fn at_home(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let registry = sandbox.cargo_home().join("registry");
    let files = ["cache", "src"].map(|folder| files::list(&registry.join(folder)));
    files.into_iter().flatten().map(|file| (file.clone(), files::read_bytes(&file))).collect()
}

/// The archives that were asked for since requests were forgotten.
fn downloads(registry: &Registry) -> Vec<String> {
    registry.requests().into_iter().filter(|path| path.starts_with("/dl/")).collect()
}

/// The scratch homes that lie below the cargo home.
fn scratch_homes(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = fs::read_dir(sandbox.cargo_home().join("provenance")).into_iter().flatten().flatten();
    let is_home = |name: &str| name.starts_with("home-") || name.starts_with("shadow-");
    folder.filter(|it| it.file_name().to_str().is_some_and(is_home)).map(|it| it.path()).collect()
}

fn is_unpacked(sandbox: &Sandbox, package: &str) -> bool {
    let hosts = fs::read_dir(sandbox.cargo_home().join("registry/src")).into_iter().flatten().flatten();
    hosts.map(|host| host.path().join(package)).any(|path| path.exists())
}

/// An archive that cargo before 1.96 unpacks over the sources of `victim` (CVE-2026-5223).
fn overwriting() -> Krate {
    let entry = |path: &[u8], kind, target: Option<&str>, content: &str| Entry {
        path: path.to_vec(),
        kind,
        target: target.map(str::to_owned),
        content: content.as_bytes().to_vec(),
    };
    Krate::greeting("hostile", "1.0.0", CLEAN)
        .entry(entry(b"way", EntryType::Symlink, Some("../victim-1.0.0/src"), ""))
        .entry(entry(b"way/lib.rs", EntryType::Regular, None, &greeting_source(EVIL)))
}

/// The cargo under test, as `(major, minor)`.
fn cargo_version(sandbox: &Sandbox) -> (u32, u32) {
    let said = sandbox.cargo(sandbox.root()).args(["--version"]).ok().stdout;
    let mut numbers = said.split(' ').nth(1).unwrap_or_default().split('.').map_while(|it| it.parse().ok());
    (numbers.next().expect("a major version"), numbers.next().expect("a minor version"))
}

#[test]
fn an_archive_with_a_link_that_overwrites_another_package() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&overwriting());
    let plain = Project::app(&sandbox, "plain");
    let gated = pinned(&sandbox, "gated");
    plain.cargo(["fetch"]).ok();
    plain.says(CLEAN);
    let victim = sandbox.source("victim-1.0.0");

    files::replace(&plain.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nhostile = \"1\"");
    let fetched = plain.cargo(["fetch"]).run();
    if cargo_version(&sandbox) < (1, 96) {
        assert_eq!(fetched.exit_code(), Some(0), "{fetched}");
        plain.cargo(["clean", "--quiet"]).ok();
        plain.cargo(["run", "--quiet", "--offline"]).ok().stdout_has(EVIL);
    }

    files::remove(&victim);
    files::remove(&sandbox.archive("hostile-1.0.0"));
    if is_unpacked(&sandbox, "hostile-1.0.0") {
        files::remove(&sandbox.source("hostile-1.0.0"));
    }
    gated.cargo(["fetch"]).ok();
    let before = at_home(&sandbox);
    assert!(before.keys().any(|file| file.starts_with(&victim)), "the victim is unpacked");
    let manifest = files::read(&gated.path("Cargo.toml"));
    gated.provenance(["add", "hostile"]).run().code(1).stderr_has("archive-link");
    assert!(before == at_home(&sandbox), "the cargo home was changed");

    // By hand, as a pull request would.
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nhostile = \"1\"");
    gated.cargo(["update", "--quiet", "--workspace"]).ok();
    gated.provenance(["pin"]).run().code(1).stderr_has("archive-link");
    gated.provenance(["verify", "--full"]).run().code(4).stderr_has("hostile");
    assert!(before == at_home(&sandbox), "the cargo home was changed");

    files::write(&gated.path("Cargo.toml"), manifest);
    gated.cargo(["update", "--quiet", "--workspace"]).ok();
    gated.is_clean();
    assert!(scratch_homes(&sandbox).is_empty());
}

#[test]
fn what_is_at_hand_is_not_downloaded_again() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let names = (0..12).map(|number| format!("hand-{number}")).collect::<Vec<_>>();
    for (number, name) in names.iter().enumerate() {
        let krate = Krate::greeting(name, "1.0.0", CLEAN);
        let last = number.checked_sub(1).map(|last| names[last].as_str());
        registry.publish(&last.iter().fold(krate, |krate, last| krate.dependency(last, "1")));
    }
    registry.publish(&Krate::greeting("newcomer", "1.0.0", CLEAN).dependency("hand-3", "1"));
    let project = Project::greeter(&sandbox, "gated", "hand-11 = \"1\"", "hand_11::greeting()");
    project.cargo(["fetch"]).ok();
    registry.forget_requests();
    project.provenance(["init"]).ok();
    assert_eq!(registry.requests(), Vec::<String>::new());

    project.provenance(["add", "newcomer"]).ok();
    assert_eq!(downloads(registry), [Registry::download_path("newcomer", "1.0.0")]);
    assert!(!is_unpacked(&sandbox, "newcomer-1.0.0"));
    project.cargo(["build", "--quiet", "--offline", "--locked"]).ok();
    project.is_clean();
}

#[test]
fn what_passes_is_in_the_cache_as_it_was_published_and_unpacked_by_the_build() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let deeper = Krate::greeting("deeper", "1.0.0", CLEAN).old_manifest();
    // Build metadata belongs to the version and to no requirement.
    let newcomer = Krate::greeting("newcomer", "1.0.0+meta.1", CLEAN).dependency("deeper", "1");
    registry.publish(&deeper);
    registry.publish(&newcomer);
    let project = Project::app(&sandbox, "gated");
    project.cargo(["generate-lockfile"]).ok();

    // Each command that fetches: `init`, `add`, `pin`.
    project.provenance(["init"]).ok();
    let victim = Krate::greeting("victim", "1.0.0", CLEAN).old_manifest();
    assert_eq!(files::read_bytes(&sandbox.archive("victim-1.0.0")), victim.to_archive());
    project.provenance(["add", "deeper"]).ok();
    assert_eq!(files::read_bytes(&sandbox.archive("deeper-1.0.0")), deeper.to_archive());
    files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    project.cargo(["update", "--quiet", "--workspace"]).ok();
    project.provenance(["pin"]).ok();
    assert_eq!(files::read_bytes(&sandbox.archive("newcomer-1.0.0+meta.1")), newcomer.to_archive());
    for package in ["victim-1.0.0", "deeper-1.0.0", "newcomer-1.0.0+meta.1"] {
        assert!(!is_unpacked(&sandbox, package), "{package} is unpacked");
    }
    registry.forget_requests();
    project.cargo(["build", "--quiet", "--offline", "--locked"]).ok();
    project.is_clean();
    assert_eq!(downloads(registry), Vec::<String>::new());
}

#[test]
fn what_verification_lacks_is_fetched_and_kept_if_it_is_what_is_pinned() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let project = pinned(&sandbox, "gated");
    let honest = files::read_bytes(&sandbox.archive("victim-1.0.0"));
    let path = Registry::download_path("victim", "1.0.0");
    let empty = || {
        for folder in ["cache", "index", "src"].map(|it| sandbox.cargo_home().join("registry").join(it)) {
            let _ = fs::remove_dir_all(folder);
        }
        registry.forget_requests();
    };

    empty();
    project.provenance(["verify", "--full"]).ok();
    assert_eq!(downloads(registry), [path.as_str()]);
    assert_eq!(files::read_bytes(&sandbox.archive("victim-1.0.0")), honest);
    assert!(!is_unpacked(&sandbox, "victim-1.0.0"));

    project.is_clean();
    make_evil(&sandbox.source("victim-1.0.0"));
    files::remove(&sandbox.archive("victim-1.0.0"));
    registry.forget_requests();
    project.provenance(["verify", "--repair"]).ok();
    assert_eq!(downloads(registry), [path.as_str()]);
    assert_eq!(files::read_bytes(&sandbox.archive("victim-1.0.0")), honest);
    project.is_clean();

    empty();
    registry.respond(&path, Response::Body(Krate::greeting("victim", "1.0.0", EVIL).to_archive()));
    project.provenance(["verify", "--full"]).run().fails().stderr_has("victim");
    assert_eq!(at_home(&sandbox), BTreeMap::new());
    registry.behave(&path);
    project.is_clean();
}

#[test]
fn a_registry_that_misbehaves_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let honest = Krate::greeting("newcomer", "1.0.0", CLEAN);
    let gated = pinned(&sandbox, "gated");
    let manifest = files::read(&gated.path("Cargo.toml"));
    let before = at_home(&sandbox);
    files::append(&sandbox.cargo_home().join("config.toml"), "[http]\ntimeout = 1\n");
    let path = Registry::download_path("newcomer", "1.0.0");
    let evil = Krate::greeting("newcomer", "1.0.0", EVIL);
    sandbox.alternative().respond("/elsewhere", Response::Body(evil.to_archive()));

    registry.publish(&honest.clone().checksum(&"0".repeat(64)));
    gated
        .provenance(["add", "newcomer"])
        .run()
        .code(1)
        .stderr_has("checksum")
        .stderr_has("sent another archive");
    registry.publish(&honest);
    for (response, said) in [
        (Response::Truncated(honest.to_archive(), 64), "newcomer"),
        (Response::Body(honest.to_archive()[..64].to_vec()), "checksum"),
        (Response::Body(evil.to_archive()), "checksum"),
        (Response::Redirect(sandbox.alternative().url("/elsewhere")), "checksum"),
        (Response::Redirect(sandbox.alternative().url("/nowhere")), "404"),
        (Response::Redirect(registry.url(&path)), "newcomer"),
        (Response::Stalled, "newcomer"),
    ] {
        let what = format!("{response:?}");
        registry.respond(&path, response);
        let started = Instant::now();
        let output = gated.provenance(["add", "newcomer"]).run().fails();
        assert!(output.stderr.contains(said), "{what}: {output}");
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: not bounded by cargo's timeout");
        assert!(before == at_home(&sandbox), "{what}: the cargo home was changed");
        assert!(scratch_homes(&sandbox).is_empty(), "{what}");
    }
    assert_eq!(files::read(&gated.path("Cargo.toml")), manifest);

    // Where the honest archive lies does not matter.
    sandbox.alternative().respond("/elsewhere", Response::Body(honest.to_archive()));
    registry.respond(&path, Response::Redirect(sandbox.alternative().url("/elsewhere")));
    gated.provenance(["add", "newcomer"]).ok();
    assert_eq!(files::read_bytes(&sandbox.archive("newcomer-1.0.0")), honest.to_archive());
    gated.is_clean();
}

const TOKEN: &str = "token-of-the-user";

/// `app` with `victim` from the alternative registry, which wants to see a token. Nothing is pinned yet.
fn authenticated<'sandbox>(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Project<'sandbox> {
    let registry = sandbox.alternative();
    registry.publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    registry.require_token(TOKEN);
    providers(sandbox, "cargo:token");
    let dependency = "victim = { version = \"1\", registry = \"test\" }";
    Project::greeter(sandbox, name, dependency, "victim::greeting()")
}

/// Says who hands out tokens.
fn providers(sandbox: &Sandbox, provider: &str) {
    let config = sandbox.cargo_home().join("config.toml");
    let text = files::read(&config);
    let text = text.split("[registry]\n").next().unwrap_or_default();
    files::write(&config, format!("{text}[registry]\nglobal-credential-providers = [{provider:?}]\n"));
}

/// No file below the cargo home holds the token, but for those named.
fn has_no_token_but(sandbox: &Sandbox, known: &[PathBuf]) {
    for file in files::list(&sandbox.cargo_home()) {
        let holds = String::from_utf8_lossy(&files::read_bytes(&file)).contains(TOKEN);
        assert!(!holds || known.contains(&file), "`{}` holds the token", file.display());
    }
}

#[test]
fn an_authenticated_registry_is_served_and_no_credential_is_left() {
    let sandbox = Sandbox::new();
    let project = authenticated(&sandbox, "gated");
    let credentials = sandbox.cargo_home().join("credentials.toml");
    let text = format!("[registries.test]\ntoken = \"{TOKEN}\"\n");
    files::write(&credentials, &text);
    project.cargo(["generate-lockfile"]).ok();
    project.provenance(["init"]).ok();
    project.provenance(["add", "newcomer", "--registry", "test"]).ok();
    project.is_clean();

    // A failure.
    let path = Registry::download_path("late", "1.0.0");
    sandbox.alternative().publish(&Krate::greeting("late", "1.0.0", CLEAN));
    sandbox.alternative().respond(&path, Response::Status(500));
    project.provenance(["add", "late", "--registry", "test"]).run().fails();
    assert!(scratch_homes(&sandbox).is_empty());
    has_no_token_but(&sandbox, std::slice::from_ref(&credentials));

    // A kill, while the download stalls: what is left are links, and the next command removes them.
    sandbox.alternative().respond(&path, Response::Stalled);
    sandbox.alternative().forget_requests();
    let running = project.provenance(["add", "late", "--registry", "test"]).start();
    while downloads(sandbox.alternative()).is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    running.kill_after(Duration::ZERO);
    let left = scratch_homes(&sandbox);
    let links = left.iter().map(|home| home.join("credentials.toml")).filter(|link| link.is_symlink());
    // Of the home that cargo resolves in, and of the one that it downloads into.
    assert_eq!(links.count(), 2, "{left:?}");
    sandbox.alternative().behave(&path);
    project.provenance(["add", "late", "--registry", "test"]).ok();
    assert!(scratch_homes(&sandbox).is_empty());
    has_no_token_but(&sandbox, std::slice::from_ref(&credentials));
    assert_eq!(files::read(&credentials), text);
    project.is_clean();
}

#[test]
fn tokens_come_from_the_environment_and_from_providers_too() {
    let sandbox = Sandbox::new();
    let project = authenticated(&sandbox, "gated");
    let token = |run: tests::Run| run.env("CARGO_REGISTRIES_TEST_TOKEN", TOKEN);
    token(project.cargo(["generate-lockfile"])).ok();
    token(project.provenance(["init"])).ok();
    token(project.provenance(["add", "newcomer", "--registry", "test"])).ok();
    project.is_clean();

    let provider = sandbox.path("provider");
    files::script(&provider, &format!("echo {TOKEN}"));
    providers(&sandbox, &format!("cargo:token-from-stdout {}", provider.display()));
    sandbox.alternative().publish(&Krate::greeting("late", "1.0.0", CLEAN));
    project.provenance(["add", "late", "--registry", "test"]).ok();
    project.is_clean();
    has_no_token_but(&sandbox, &[]);
}

#[test]
fn a_git_dependency_brings_no_archive_in_before_it_has_passed() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("deeper", "1.0.0", CLEAN));
    let origin = Project::empty(&sandbox, "repository")
        .with("Cargo.toml", &package("newcomer", "deeper = \"1\""))
        .with("build.rs", "fn main() {}")
        .with("src/lib.rs", &greeting_source(CLEAN));
    origin.commit("first");
    let project = pinned(&sandbox, "gated");
    let policy = project.path("Provenance.toml");
    let url = format!("file://{}", origin.root().display());
    files::replace(&policy, "git = []", &format!("git = [{url:?}]"));
    let project = project.policy("[checks]\ngit-dependency-mutable = \"note\"");
    project.provenance(["add", "newcomer", "--git", &url]).ok();
    for package in ["victim-1.0.0", "deeper-1.0.0"] {
        assert!(!is_unpacked(&sandbox, package), "{package} is unpacked");
    }
    let pins = files::read(&project.path("Provenance.lock"));
    assert!(pins.contains("name = \"newcomer\"") && pins.contains("build-script"), "{pins}");
    project.cargo(["build", "--quiet", "--offline", "--locked"]).ok();
    project.is_clean();

    // A colleague's machine, where neither the repository nor the archives are.
    for folder in ["git", "registry/cache", "registry/index", "registry/src"] {
        files::remove(&sandbox.cargo_home().join(folder));
    }
    project.provenance(["verify", "--full"]).ok();
    assert!(!is_unpacked(&sandbox, "deeper-1.0.0"));
    project.is_clean();
}

#[test]
fn a_vendored_workspace_with_a_git_dependency_is_pinned_without_unpacking() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("deeper", "1.0.0", CLEAN));
    let origin = crate::git::repository(&sandbox);
    files::write(&origin.path("crates/victim/Cargo.toml"), package("victim", "deeper = \"1\""));
    origin.commit("second");
    let project = crate::git::dependent(&sandbox, "gated");
    let configuration = project.cargo(["vendor", "--quiet", "--respect-source-config"]).ok().stdout;
    let url = format!("file://{}", origin.root().display());
    let replaced = format!(
        "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n[source.{url:?}]\ngit = {url:?}\n\
         replace-with = \"vendored-sources\"\n\n[source.vendored-sources]\ndirectory = \"vendor\"\n"
    );
    files::write(&project.path(".cargo/config.toml"), replaced);
    // What vendoring downloaded and unpacked.
    for folder in ["registry/cache", "registry/src"] {
        files::remove(&sandbox.cargo_home().join(folder));
    }
    sandbox.registry().forget_requests();
    project.provenance(["init"]).ok();
    assert_eq!(
        downloads(sandbox.registry()),
        [Registry::download_path("deeper", "1.0.0")],
        "{configuration}"
    );
    assert!(!is_unpacked(&sandbox, "deeper-1.0.0"));
    let pins = files::read(&project.path("Provenance.lock"));
    assert!(pins.contains("vendor-tree"), "{pins}");
    project.provenance(["verify", "--full"]).ok();
    project.says(CLEAN);
}

#[cfg(unix)]
#[test]
fn unpacked_sources_that_nobody_may_write_stay_as_they_are() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN).dependency("victim", "1"));
    let project = pinned(&sandbox, "gated");
    project.cargo(["fetch"]).ok();
    let sources = sandbox.cargo_home().join("registry/src");
    let set = |directory, file| {
        for path in files::list(&sources) {
            files::permissions(&path, file);
            files::permissions(path.parent().expect("inside"), directory);
        }
        files::permissions(&sources, directory);
    };
    set(0o555, 0o444);
    let before = at_home(&sandbox);
    project.provenance(["add", "newcomer"]).ok();
    let after = at_home(&sandbox);
    let new = after.keys().filter(|file| !before.contains_key(*file)).collect::<Vec<_>>();
    assert!(matches!(new[..], [file] if file.ends_with("newcomer-1.0.0.crate")), "{new:?}");
    assert!(before.iter().all(|(file, bytes)| after.get(file) == Some(bytes)));
    set(0o755, 0o644);
    project.is_clean();
}

#[test]
fn two_workspaces_that_share_a_cargo_home_add_at_the_same_time() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let shared = Krate::greeting("shared", "1.0.0", CLEAN);
    registry.publish(&shared);
    registry.publish(&Krate::greeting("first", "1.0.0", CLEAN).dependency("shared", "1"));
    registry.publish(&Krate::greeting("second", "1.0.0", CLEAN).dependency("shared", "1"));
    let (one, two) = (pinned(&sandbox, "one"), pinned(&sandbox, "two"));
    for _ in 0..3 {
        let old = [one, two].map(|project| {
            ["Cargo.toml", "Cargo.lock", "Provenance.lock"].map(|file| files::read(&project.path(file)))
        });
        let running = [one.provenance(["add", "first"]).start(), two.provenance(["add", "second"]).start()];
        for running in running {
            running.wait().code(0);
        }
        for project in [one, two] {
            project.cargo(["build", "--quiet", "--offline", "--locked"]).ok();
            project.is_clean();
        }
        assert_eq!(files::read_bytes(&sandbox.archive("shared-1.0.0")), shared.to_archive());
        assert!(scratch_homes(&sandbox).is_empty());
        for (project, texts) in [one, two].into_iter().zip(old) {
            for (file, text) in ["Cargo.toml", "Cargo.lock", "Provenance.lock"].into_iter().zip(texts) {
                files::write(&project.path(file), text);
            }
        }
        for package in ["first-1.0.0", "second-1.0.0", "shared-1.0.0"] {
            files::remove(&sandbox.archive(package));
            files::remove(&sandbox.source(package));
        }
    }
}

#[test]
fn without_the_network_no_socket_is_opened() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let project = pinned(&sandbox, "gated");
    // The index knows it, and the archive is not there.
    project.cargo(["add", "--quiet", "newcomer", "--dry-run"]).ok();
    registry.forget_requests();
    for flag in ["--offline", "--frozen"] {
        project.provenance(["add", "newcomer", flag]).run().fails();
    }
    files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    project.cargo(["update", "--quiet", "--workspace"]).ok();
    files::remove(&sandbox.archive("victim-1.0.0"));
    registry.forget_requests();
    for flag in ["--offline", "--frozen"] {
        project.provenance(["pin", flag]).run().code(3).stderr_has("newcomer");
        project.provenance(["verify", "--full", flag]).run().fails().stderr_has("victim");
    }
    assert_eq!(registry.requests(), Vec::<String>::new());
    project.provenance(["pin"]).ok();
    project.provenance(["verify", "--full"]).ok();
    project.is_clean();
}

/// Makes a git repository of the alternative registry's index, and lets cargo use that instead.
fn git_index<'sandbox>(sandbox: &'sandbox Sandbox, krates: &[&Krate]) -> Project<'sandbox> {
    let registry = sandbox.alternative();
    let index = Project::empty(sandbox, "git-index")
        .with("config.json", &format!("{{\"dl\":\"{}\"}}", registry.url("/dl")));
    for krate in krates {
        registry.publish(krate);
        let line = krate.to_index_line(&krate.to_archive());
        files::write(&index.path(&tests::registry::index_file(krate.name())), format!("{line}\n"));
    }
    index.commit("index");
    let url = format!("file://{}", index.root().display());
    files::replace(&sandbox.cargo_home().join("config.toml"), &registry.index(), &url);
    index
}

#[test]
fn an_index_in_git_is_read_and_never_written() {
    let sandbox = Sandbox::new();
    let victim = Krate::greeting("victim", "1.0.0", CLEAN).dependency("deeper", "1");
    let (deeper, newcomer) = (Krate::new("deeper", "1.0.0"), Krate::greeting("newcomer", "1.0.0", CLEAN));
    let newcomer = newcomer.dependency("victim", "1");
    git_index(&sandbox, &[&victim, &deeper, &newcomer]);
    let registry = sandbox.alternative();
    let dependency = "victim = { version = \"1\", registry = \"test\" }";
    let project = Project::greeter(&sandbox, "gated", dependency, "victim::greeting()");
    project.cargo(["generate-lockfile"]).ok();
    project.provenance(["init"]).ok();
    registry.forget_requests();
    project.provenance(["add", "newcomer", "--registry", "test"]).ok();
    assert_eq!(downloads(registry), [Registry::download_path("newcomer", "1.0.0")]);
    for package in ["victim-1.0.0", "deeper-1.0.0", "newcomer-1.0.0"] {
        assert!(!is_unpacked(&sandbox, package), "{package} is unpacked");
    }
    project.cargo(["build", "--quiet", "--offline", "--locked"]).ok();
    project.is_clean();

    let index = sandbox.cargo_home().join("registry/index");
    let state = || files::list(&index).into_iter().map(|file| (file.clone(), files::read_bytes(&file)));
    let before = state().collect::<BTreeMap<_, _>>();
    files::remove(&sandbox.archive("victim-1.0.0"));
    registry.forget_requests();
    project.provenance(["verify", "--full"]).ok();
    assert_eq!(downloads(registry), [Registry::download_path("victim", "1.0.0")]);
    assert!(before == state().collect::<BTreeMap<_, _>>(), "the index was written");
}
