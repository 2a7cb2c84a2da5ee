//! Configuration in force, however it is spelled and wherever it stands.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::name::Source;

const CRATES_IO: &str = crate::name::CRATES_IO;

/// A directory tree in which `ws` is the workspace root, `home` the cargo home.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Self(tempfile::tempdir().expect("temporary directory"));
        fs::create_dir_all(sandbox.path("ws/.git")).expect("made");
        fs::create_dir_all(sandbox.path("home")).expect("made");
        for (path, content) in files {
            let file = sandbox.path(path);
            fs::create_dir_all(file.parent().expect("has a parent")).expect("made");
            fs::write(file, content).expect("written");
        }
        sandbox
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().expect("there").join(path)
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            root: self.path("ws"),
            starts: vec![],
            members: vec![],
            cargo_home: self.path("home"),
            arguments: vec![],
            lockfile: None,
        }
    }

    fn read(&self) -> Configuration {
        Configuration::read(&self.surroundings()).expect("readable")
    }

    fn refused(&self) -> String {
        let error = Configuration::read(&self.surroundings()).expect_err("refused");
        error.to_string().replace(&format!("{}/", self.path("").to_string_lossy().trim_end_matches('/')), "")
    }
}

fn recorded(configuration: &Configuration) -> Vec<String> {
    configuration.recorded.iter().map(|(key, setting)| format!("{key} = {}", setting.value)).collect()
}

fn outside(configuration: &Configuration) -> Vec<String> {
    configuration.outside.iter().map(|setting| format!("{} = {}", setting.key, setting.value)).collect()
}

fn source(text: &str) -> Source {
    Source::parse(text).expect("a source")
}

#[test]
fn everything_is_recorded_but_what_is_known_to_be_harmless() {
    let harmless = r#"
        cargo-new.vcs = "none"
        build = { jobs = 2, incremental = true }
        cache.auto-clean-frequency = "never"
        future-incompat-report.frequency = "never"
        http = { timeout = 5, multiplexing = false }
        net = { retry = 1, offline = true }
        profile.dev = { opt-level = 1, package.foo.debug = 0, build-override.codegen-units = 1 }
        registry.token = "secret"
        registries.corp.token = "secret"
        term.color = "always"
    "#;
    let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", harmless)]);
    assert_eq!(recorded(&sandbox.read()), [""; 0]);
    let telling = [
        "alias.provenance = \"version\"",
        "build.build-dir = \"b\"",
        "build.rustc = \"x\"",
        "build.rustc-workspace-wrapper = \"x\"",
        "build.rustc-wrapper = \"x\"",
        "build.rustdoc = \"x\"",
        "build.rustdocflags = [\"x\"]",
        "build.rustflags = [\"-C\", \"linker=x\"]",
        "build.target = \"x.json\"",
        "build.target-dir = \"t\"",
        "credential-alias.x = \"y\"",
        "doc.browser = [\"x\"]",
        "env.X = \"y\"",
        "env.Y.relative = true",
        "host.linker = \"x\"",
        "http.proxy = \"x\"",
        "include = []",
        "install.root = \"x\"",
        "net.git-fetch-with-cli = true",
        "patch.crates-io.x.path = \"x\"",
        "paths = []",
        "profile.dev.rustflags = [\"x\"]",
        "profile.release.package.x.codegen-backend = \"x\"",
        "registries.corp.credential-provider = \"x\"",
        "registries.corp.index = \"https://x\"",
        "registry.default = \"corp\"",
        "registry.global-credential-providers = [\"x\"]",
        "resolver.incompatible-rust-versions = \"allow\"",
        "source.x.directory = \"d\"",
        "target.\"cfg(unix)\".runner = [\"x\", \"y\"]",
        "target.x86_64-unknown-linux-gnu.linker = \"x\"",
        "target.x86_64-unknown-linux-gnu.z = {}",
        "unheard-of.key = 1",
        "unstable.build-std = [\"std\"]",
    ];
    let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", &telling.join("\n"))]);
    assert_eq!(recorded(&sandbox.read()), telling);
}

#[test]
fn no_spelling_of_a_key_hides_it() {
    for text in [
        "[build]\nrustc = 'evil'",
        "build.rustc = \"evil\"",
        "\"build\".'rustc' = \"\"\"evil\"\"\"",
        "build = { \"rustc\" = \"evil\" }",
        "[ \"bui\\u006cd\" ]\n\"r\\u0075stc\" = \"\\u0065vil\"",
        "build . rustc=\"evil\"\r\n",
    ] {
        let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", text)]);
        assert_eq!(recorded(&sandbox.read()), ["build.rustc = \"evil\""], "{text}");
    }
}

#[test]
fn values_and_keys_have_one_spelling() {
    let text = "env.\"a b\" = { value = 'x\"\\é\u{202e}', force = true }\nx = [1, { b = [true], a = 'é' }, \"\\t\\n\"]\n\
                \"\" = 1.5\n";
    let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", text)]);
    assert_eq!(
        recorded(&sandbox.read()),
        [
            "\"\" = 1.5",
            "env.\"a b\".force = true",
            "env.\"a b\".value = \"x\\\"\\\\é\\u202e\"",
            "x = [1, { a = \"é\", b = [true] }, \"\\u0009\\u000a\"]",
        ]
    );
}

#[test]
fn settings_know_their_line() {
    let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", "# x\n\n[build]\njobs = 1\nrustc = 'x'\n")]);
    let setting = &sandbox.read().recorded["build.rustc"];
    assert_eq!((setting.line, &setting.file), (5, &sandbox.path("ws/.cargo/config.toml")));
}

#[test]
fn files_of_the_repository_are_recorded_and_others_are_outside() {
    let sandbox = Sandbox::new(&[
        ("repo/.git/HEAD", ""),
        (".cargo/config.toml", "env.ABOVE = '1'"),
        ("repo/.cargo/config.toml", "env.TOP = '1'"),
        ("repo/ws/.cargo/config.toml", "env.ROOT = '1'"),
        ("repo/ws/a/.cargo/config", "env.OLD = '1'"),
        ("repo/ws/a/.cargo/config.toml", "env.UNUSED = '1'"),
        ("repo/ws/b/.cargo/config.toml", "env.START = '1'"),
        ("repo/ws/c/.cargo/config.toml", "env.NOBODY = '1'"),
        ("repo/sibling/.cargo/config.toml", "env.SIBLING = '1'"),
        ("far/member/.cargo/config.toml", "env.FAR = '1'"),
        ("far/.cargo/config.toml", "env.FAR_ABOVE = '1'"),
        ("home/config.toml", "env.HOME = '1'"),
    ]);
    let surroundings = Surroundings {
        root: sandbox.path("repo/ws"),
        starts: vec![sandbox.path("repo/ws/b")],
        members: vec![sandbox.path("repo/ws/a"), sandbox.path("repo/sibling"), sandbox.path("far/member")],
        arguments: vec!["env.ARGUMENT='1'".to_owned()],
        ..sandbox.surroundings()
    };
    let configuration = Configuration::read(&surroundings).expect("readable");
    assert_eq!(
        recorded(&configuration),
        [
            "../../far/member/.cargo/config.toml#env.FAR = \"1\"",
            "../.cargo/config.toml#env.TOP = \"1\"",
            "../sibling/.cargo/config.toml#env.SIBLING = \"1\"",
            "a/.cargo/config#env.OLD = \"1\"",
            "b/.cargo/config.toml#env.START = \"1\"",
            "env.ROOT = \"1\"",
        ]
    );
    let expected = ["env.ARGUMENT = \"1\"", "env.ABOVE = \"1\"", "env.HOME = \"1\""];
    assert_eq!(outside(&configuration), expected);
    assert!(configuration.files.contains(&sandbox.path("home/config.toml")));
}

#[test]
fn the_cargo_home_is_the_repositorys_only_inside_the_workspace() {
    // A home directory that is a repository itself (dotfiles) does not make its `.cargo` part of every workspace.
    let sandbox = Sandbox::new(&[
        ("dot/.git/HEAD", ""),
        ("dot/.cargo/config.toml", "build.rustc-wrapper = 'sccache'"),
        ("dot/ws/.cargo/config.toml", "env.X = '1'"),
    ]);
    let mut surroundings = Surroundings {
        root: sandbox.path("dot/ws"),
        cargo_home: sandbox.path("dot/.cargo"),
        ..sandbox.surroundings()
    };
    let configuration = Configuration::read(&surroundings).expect("readable");
    assert_eq!(recorded(&configuration), ["env.X = \"1\""]);
    assert_eq!(outside(&configuration), ["build.rustc-wrapper = \"sccache\""]);
    surroundings.cargo_home = sandbox.path("dot/ws/.cargo");
    let configuration = Configuration::read(&surroundings).expect("readable");
    let expected = ["../.cargo/config.toml#build.rustc-wrapper = \"sccache\"", "env.X = \"1\""];
    assert_eq!(recorded(&configuration), expected);
    // A cargo home above the workspace must not take the workspace's own configuration out of the manifest.
    surroundings.cargo_home = sandbox.path("dot");
    let configuration = Configuration::read(&surroundings).expect("readable");
    assert_eq!(recorded(&configuration), expected);
}

#[test]
fn included_files_are_read_and_give_way() {
    let sandbox = Sandbox::new(&[
        (
            "ws/.cargo/config.toml",
            "include = ['one.toml', { path = '../two.toml' }, { path = 'none.toml', optional = true }]\n\
             [source.a]\ndirectory = 'top'",
        ),
        (
            "ws/.cargo/one.toml",
            "include = 'sub/three.toml'\nsource.a.directory='one'\nsource.b.directory='one'",
        ),
        ("ws/two.toml", "source.b.directory = 'two'\nsource.c.directory = 'two'\nregistry.default = 'x'"),
        ("ws/.cargo/sub/three.toml", "source.b.directory = 'three'\nsource.d.directory = 'three'"),
    ]);
    let configuration = sandbox.read();
    let sources = &configuration.views[0].sources;
    let directory = |name: &str| PathBuf::from(&sources[name]["directory"]);
    assert_eq!(directory("a"), sandbox.path("ws/top"));
    // Cargo takes the parent's parent of `.cargo/../two.toml` by its text.
    assert_eq!(directory("b"), sandbox.path("ws/.cargo/two"));
    assert_eq!(directory("c"), sandbox.path("ws/.cargo/two"));
    assert_eq!(directory("d"), sandbox.path("ws/.cargo/three"));
    assert!(configuration.recorded.contains_key("two.toml#registry.default"));
    assert!(configuration.recorded.contains_key(".cargo/sub/three.toml#source.d.directory"));
    assert!(configuration.recorded.contains_key("include"));
    assert_eq!(configuration.files.len(), 4);
}

#[test]
fn includes_that_cargo_refuses_are_refused() {
    for (include, expected) in [
        ("'config.toml'", "included twice"),
        ("'loop.toml'", "included twice"),
        ("['a.toml', 'a.toml']", "included twice"),
        ("'../.cargo/dots.toml'", "included twice"),
        ("'missing.toml'", "could not read"),
        ("'a.txt'", "does not end in `.toml`"),
        ("'*.toml'", "has a pattern"),
        ("1", "does not name files"),
        ("[{ optional = true }]", "does not name files"),
        ("[{ path = 'a.toml', optional = 1 }]", "not a boolean"),
    ] {
        let config = format!("include = {include}");
        let sandbox = Sandbox::new(&[
            ("ws/.cargo/config.toml", &config),
            ("ws/.cargo/a.toml", ""),
            ("ws/.cargo/loop.toml", "include = 'back.toml'"),
            ("ws/.cargo/back.toml", "include = 'loop.toml'"),
            ("ws/.cargo/dots.toml", "include = '../.cargo/../.cargo/dots.toml'"),
        ]);
        let refusal = sandbox.refused();
        assert!(refusal.contains(expected), "{include}: {refusal}");
    }
}

#[test]
fn what_cannot_be_judged_is_refused_with_its_line() {
    for (text, expected) in [
        ("[build\nrustc = 1", "ws/.cargo/config.toml:1:"),
        ("a = 1\na = 2", "ws/.cargo/config.toml:2:"),
        ("source = 1", "ws/.cargo/config.toml:1: `source` is not a table"),
        ("\n[source]\nx = 'y'", "ws/.cargo/config.toml:3: `source.x` is not a table"),
        ("[source.x]\n\ndirectory = 3", "ws/.cargo/config.toml:3: `source.x.directory` is not a string"),
        ("paths = 'x'", "ws/.cargo/config.toml:1: `paths` is not an array"),
        ("paths = [1]", "ws/.cargo/config.toml:1: `paths` is not an array of strings"),
        ("registries.x.index = true", "ws/.cargo/config.toml:1: `registries.x.index` is not a string"),
        ("resolver.lockfile-path = []", "ws/.cargo/config.toml:1: `resolver.lockfile-path` is not a string"),
    ] {
        let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", text)]);
        let refusal = sandbox.refused();
        assert!(refusal.starts_with(expected), "{text:?}: {refusal}");
    }
    let sandbox = Sandbox::new(&[]);
    fs::create_dir_all(sandbox.path("ws/.cargo/config.toml")).expect("made");
    assert_eq!(sandbox.refused(), "ws/.cargo/config.toml: it is not a regular file");
    let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", "")]);
    fs::write(sandbox.path("ws/.cargo/config.toml"), b"a = '\xff'").expect("written");
    assert_eq!(sandbox.refused(), "ws/.cargo/config.toml:1: it is not UTF-8");
    let nested = format!("x = {}", "[".repeat(100_000));
    let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", &nested)]);
    assert!(sandbox.refused().contains("depth"));
}

#[test]
fn toolchain_files_are_recorded_where_they_name_a_directory() {
    let sandbox = Sandbox::new(&[
        ("ws/rust-toolchain.toml", "[toolchain]\nchannel = '1.95'\npath = '../evil'"),
        ("ws/a/rust-toolchain", "/opt/evil\n"),
        ("ws/b/rust-toolchain", "1.95.0\n"),
        ("ws/c/rust-toolchain", "[toolchain]\nchannel = 'stable'\n"),
        ("ws/d/rust-toolchain", "\n\"toolchain\".\"path\" = 'x'\n"),
        ("rust-toolchain.toml", "[toolchain]\npath = 'above the repository'"),
    ]);
    let members = ["a", "b", "c", "d"].map(|name| sandbox.path("ws").join(name)).to_vec();
    let configuration =
        Configuration::read(&Surroundings { members, ..sandbox.surroundings() }).expect("readable");
    assert_eq!(
        recorded(&configuration),
        [
            "a/rust-toolchain#toolchain.path = \"/opt/evil\"",
            "d/rust-toolchain#toolchain.path = \"x\"",
            "rust-toolchain.toml#toolchain.path = \"../evil\"",
        ]
    );
    assert_eq!(configuration.files.len(), 5);
    let sandbox = Sandbox::new(&[("ws/rust-toolchain.toml", "stable")]);
    assert!(sandbox.refused().starts_with("ws/rust-toolchain.toml:1:"));
}

#[test]
fn closer_files_and_arguments_win() {
    let sandbox = Sandbox::new(&[
        ("home/config.toml", "source.a.directory = 'home'\nsource.h.directory = 'home'\npaths = ['over']"),
        (
            "ws/.cargo/config.toml",
            "source.a.directory = 'ws'\nsource.b.directory = 'ws'\npaths = ['over', '/abs/../x']",
        ),
        ("ws/sub/.cargo/config.toml", "source.b.directory = 'sub'"),
        ("ws/extra/cli.toml", "source.c.directory = 'cli'"),
    ]);
    let surroundings = Surroundings {
        starts: vec![sandbox.path("ws/sub"), sandbox.path("ws/other"), sandbox.path("ws")],
        arguments: ["source.b.tag='1'", "source.c.directory='first'", "extra/cli.toml"]
            .map(str::to_owned)
            .to_vec(),
        ..sandbox.surroundings()
    };
    let configuration = Configuration::read(&surroundings).expect("readable");
    let [root, sub, other] = &configuration.views[..] else { panic!("{:?}", configuration.views) };
    let directory = |view: &View, name: &str| PathBuf::from(&view.sources[name]["directory"]);
    assert_eq!(directory(root, "a"), sandbox.path("ws/a").with_file_name("ws"));
    assert_eq!(directory(root, "b"), sandbox.path("ws/ws"));
    assert_eq!(root.sources["b"]["tag"], "1");
    assert_eq!(
        directory(root, "c"),
        sandbox.path("ws/cli"),
        "relative to the parent of the file's directory"
    );
    assert_eq!(directory(root, "h"), sandbox.path("home"));
    assert_eq!(directory(sub, "b"), sandbox.path("ws/sub/sub"));
    assert_eq!(directory(sub, "c"), sandbox.path("ws/sub/first"), "relative to where cargo was started");
    assert_eq!(directory(other, "c"), sandbox.path("ws/other/first"));
    assert_eq!(root.paths, [sandbox.path("ws/over"), PathBuf::from("/x"), sandbox.path("over")]);
    // The same list of files seen from a place without a file of its own is no view of its own.
    let surroundings = Surroundings { starts: vec![sandbox.path("ws/other")], ..sandbox.surroundings() };
    assert_eq!(Configuration::read(&surroundings).expect("readable").views.len(), 1);
}

#[test]
fn an_argument_that_is_neither_file_nor_toml_is_refused() {
    let sandbox = Sandbox::new(&[]);
    let surroundings = Surroundings { arguments: vec!["no/such.toml".to_owned()], ..sandbox.surroundings() };
    let error = Configuration::read(&surroundings).expect_err("refused");
    assert!(error.to_string().starts_with("--config:1:"), "{error}");
}

#[test]
fn one_lockfile_is_in_force_or_none() {
    let sandbox = Sandbox::new(&[
        ("ws/.cargo/config.toml", "resolver.lockfile-path = 'locks/Cargo.lock'"),
        ("ws/locks/Cargo.lock", "version = 4"),
        ("ws/a/.cargo/config.toml", "resolver.lockfile-path = '../other/Cargo.lock'"),
        ("plain/x", ""),
    ]);
    let root = sandbox.path("ws");
    let configuration = sandbox.read();
    assert_eq!(configuration.lockfile(&root).expect("clear"), sandbox.path("ws/locks/Cargo.lock"));
    fs::write(sandbox.path("ws/Cargo.lock"), "version = 4").expect("written");
    assert!(configuration.lockfile(&root).is_ok());
    fs::write(sandbox.path("ws/Cargo.lock"), "version = 3").expect("written");
    assert!(configuration.lockfile(&root).is_err(), "an older cargo ignores the setting");
    let starts = vec![sandbox.path("ws/a")];
    let configuration =
        Configuration::read(&Surroundings { starts, ..sandbox.surroundings() }).expect("readable");
    assert!(configuration.lockfile(&root).is_err(), "two views disagree");
    let plain = Surroundings { root: sandbox.path("plain"), ..sandbox.surroundings() };
    let configuration = Configuration::read(&plain).expect("readable");
    assert_eq!(configuration.lockfile(&plain.root).expect("clear"), plain.root.join("Cargo.lock"));
    let plain = Surroundings { lockfile: Some(sandbox.path("ws/locks/Cargo.lock")), ..plain };
    let configuration = Configuration::read(&plain).expect("readable");
    assert_eq!(configuration.lockfile(&plain.root).expect("clear"), sandbox.path("ws/locks/Cargo.lock"));
}

fn view(text: &str) -> View {
    let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", text)]);
    sandbox.read().views.remove(0)
}

const GIT: &str = "git+https://example.org/r.git?branch=a%2Fb#0123456789012345678901234567890123456789";

#[test]
fn replacements_are_followed_to_their_end() {
    let directory = |view: &View| Replacement::Directory(PathBuf::from(&view.sources["v"]["directory"]));
    let vendored = "\n[source.v]\ndirectory = 'vendor'\n";
    for (source_id, text) in [
        (CRATES_IO, "[source.crates-io]\nreplace-with = 'v'"),
        (
            CRATES_IO,
            "[source.crates-io]\nreplace-with = 'm'\n[source.m]\nregistry='https://m'\nreplace-with='v'",
        ),
        (
            "registry+https://github.com/Rust-Lang/crates.io-index.git/",
            "[source.crates-io]\nreplace-with = 'v'",
        ),
        ("sparse+https://index.crates.io/", "[source.crates-io]\nreplace-with = 'v'"),
        ("registry+https://corp/i", "[source.c]\nregistry = 'https://corp/i/'\nreplace-with = 'v'"),
        ("sparse+https://corp/i/", "[source.c]\nregistry = 'sparse+https://corp/i'\nreplace-with = 'v'"),
        (
            GIT,
            "[source.'https://example.org/r']\ngit='https://example.org/r'\nbranch='a/b'\nreplace-with='v'",
        ),
        (&GIT.replace("%2F", "/"), "[source.g]\ngit='https://example.org/r'\nbranch='a/b'\nreplace-with='v'"),
    ] {
        let view = view(&format!("{text}{vendored}"));
        assert_eq!(
            view.replacement(&source(source_id)).expect("clear"),
            directory(&view),
            "{source_id} {text}"
        );
    }
    for (source_id, text, expected) in [
        (CRATES_IO, "", Replacement::None),
        (
            CRATES_IO,
            "[source.crates-io]\nregistry = 'https://github.com/rust-lang/crates.io-index'",
            Replacement::None,
        ),
        (
            CRATES_IO,
            "[source.crates-io]\nregistry = 'https://m/i'",
            Replacement::Url("https://m/i".to_owned()),
        ),
        (CRATES_IO, "[source.x]\nregistry = 'https://m/i'\nreplace-with = 'nowhere'", Replacement::None),
        (
            CRATES_IO,
            "source.crates-io.replace-with = 'corp'\nregistries.corp.index = 'sparse+https://m/i/'",
            Replacement::Url("sparse+https://m/i/".to_owned()),
        ),
        (
            "registry+https://corp/i",
            "[source.c]\nregistry = 'https://corp/i'\nreplace-with = 'crates-io'",
            Replacement::Url("sparse+https://index.crates.io/".to_owned()),
        ),
        (
            "sparse+https://corp/i",
            "[source.c]\nregistry = 'https://corp/i'\nreplace-with='nowhere'",
            Replacement::None,
        ),
        (
            GIT,
            "[source.g]\ngit='https://example.org/r'\nbranch='other'\nreplace-with='nowhere'",
            Replacement::None,
        ),
        (GIT, "[source.g]\ngit='https://example.org/r'\nreplace-with='nowhere'", Replacement::None),
        (
            GIT,
            "[source.g]\ngit='https://example.org/r'\nbranch='a/b'\nreplace-with='m'\n[source.m]\ngit='https://m/r'",
            Replacement::Url("git+https://m/r".to_owned()),
        ),
    ] {
        assert_eq!(
            view(text).replacement(&source(source_id)).expect("clear"),
            expected,
            "{source_id} {text}"
        );
    }
    let local = view("source.crates-io.replace-with = 'l'\nsource.l.local-registry = '/l'");
    let expected = Replacement::LocalRegistry(PathBuf::from("/l"));
    assert_eq!(local.replacement(&source(CRATES_IO)).expect("clear"), expected);
}

#[test]
fn replacements_that_lead_nowhere_are_refused_with_their_place() {
    for (text, expected) in [
        ("\n[source.crates-io]\nreplace-with = 'x'", ":3: there is no source or registry `x`"),
        (
            "[source.crates-io]\nreplace-with = 'x'\n[source.x]\nregistry='https://m'\nreplace-with='crates-io'",
            ":2: the replacement of source `crates-io` goes in a circle",
        ),
        (
            "[source.crates-io]\nreplace-with = 'x'\n[source.x]\nregistry='https://m'\nreplace-with='x'",
            ":2: the replacement of source `crates-io` goes in a circle",
        ),
        ("source.crates-io.replace-with = 'x'\nsource.x.branch = 'b'", ":2: source `x` has no location"),
    ] {
        let error = view(text).replacement(&source(CRATES_IO)).expect_err("refused").to_string();
        assert!(error.contains(".cargo/config.toml") && error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_url_with_a_second_spelling_is_refused() {
    for url in [
        "https://CORP/i",
        "HTTPS://corp/i",
        "https://corp:443/i",
        "https://corp:/i",
        "https://corp/a/../i",
        "https://corp/./i",
        "https://corp/%2e/i",
        "https://corp/i i",
        "https://corp/\\\\i",
        "https://corp/é",
        "corp/i",
        "file:../i",
        "https://corp\\\\i/",
    ] {
        let view = view(&format!("[source.c]\nregistry = \"{url}\"\nreplace-with = 'v'"));
        let error = view.replacement(&source("registry+https://corp/i")).expect_err("refused").to_string();
        assert!(error.contains("not in its normal form"), "{url}: {error}");
    }
}

#[test]
fn hosts_are_found_in_urls() {
    for (url, expected) in [
        ("https://index.crates.io/", "index.crates.io"),
        ("https://user:pw@h.example:8080/x", "h.example"),
        ("file:///x/y", ""),
        ("http://[::1]:80/x", "[::1]"),
        ("http://[::1]/x", "[::1]"),
        ("nonsense", ""),
    ] {
        assert_eq!(host(url), expected, "{url}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let sandbox = Sandbox::new(&[("ws/.cargo/config.toml", "")]);
        fs::write(sandbox.path("ws/.cargo/config.toml"), bytes).expect("written");
        let _ = Configuration::read(&sandbox.surroundings());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[{0,2}[a-c.\"' ]{0,6}\\]{0,2}|[a-c.]{1,5} ?= ?([0-9a-c.\"'\\[\\]{}=, -]{0,8})|\\PC{0,6}|\n){0,12}") {
        let file = Path::new("config.toml");
        if let Ok(table) = toml::parse(&text, file) {
            for value in table.values() {
                // What is written in canonical form reads back as itself.
                let canonical = document::canonical(value);
                let again = format!("x = {canonical}");
                let again = toml::parse(&again, file).expect("canonical TOML");
                prop_assert_eq!(document::canonical(&again["x"]), canonical);
            }
        }
    }

    #[test]
    fn any_sources_are_judged_without_panic_or_endless_loop(
        tables in proptest::collection::btree_map("crates-io|[a-c]", ("crates-io|[a-d]", 0..5_u8), 0..5)
    ) {
        let mut view = View::default();
        for (name, (next, kind)) in tables {
            let keys = view.sources.entry(name).or_default();
            let (key, value) = [
                ("replace-with", next.as_str()),
                ("directory", "/d"),
                ("registry", "https://m/i"),
                ("git", "https://m/r"),
                ("registry", "https://corp/i"),
            ][usize::from(kind)];
            keys.insert(key.to_owned(), value.to_owned());
            keys.insert("replace-with".to_owned(), next);
        }
        for id in [CRATES_IO, "registry+https://corp/i", GIT] {
            let _ = view.replacement(&source(id));
        }
    }
}
