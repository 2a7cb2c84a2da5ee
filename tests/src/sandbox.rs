//! A hermetic place for one test: own home, own cargo home, own registries, an environment built from nothing.
//!
//! Sandboxes take turns in a few slots. A slot keeps its place and its ports for as long as the process lives, because
//! cargo's fingerprints hold both: so the build helper's dependencies are compiled once per slot and copied from there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::advisories;
use crate::files;
use crate::helper;
use crate::process::Run;
use crate::registry::Registry;

/// Slots that no sandbox uses now.
static FREE: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// A hermetic place for one test.
#[derive(Debug)]
pub struct Sandbox {
    slot: Option<Slot>,
    environment: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Slot {
    root: PathBuf,
    crates_io: Registry,
    alternative: Registry,
    helper: PathBuf,
    prebuilt: OnceLock<()>,
}

impl Sandbox {
    /// An empty place. Its registry serves nothing but the build helper's dependencies.
    pub fn new() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let slot = free.unwrap_or_else(Slot::make);
        slot.clear();
        let mut sandbox = Self { slot: Some(slot), environment: BTreeMap::new() };
        sandbox.environment = sandbox.minimal_environment();
        // While the registry serves nothing else, so that nothing else is kept.
        sandbox.slot().prebuilt.get_or_init(|| sandbox.prebuild());
        sandbox
    }

    /// The directory that everything of this sandbox lies below.
    pub fn root(&self) -> &Path {
        &self.slot().root
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The cargo home.
    pub fn cargo_home(&self) -> PathBuf {
        self.root().join("cargo-home")
    }

    /// A path below the directory for projects.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root().join("work").join(relative)
    }

    /// The registry that stands for crates.io.
    pub fn registry(&self) -> &Registry {
        &self.slot().crates_io
    }

    /// The registry that projects can name `test`.
    pub fn alternative(&self) -> &Registry {
        &self.slot().alternative
    }

    /// The package directory of the build helper.
    pub fn helper(&self) -> &Path {
        &self.slot().helper
    }

    /// The real cargo.
    pub fn cargo(&self, directory: &Path) -> Run {
        self.program("cargo", directory)
    }

    /// The subcommand, called by its own path.
    pub fn provenance(&self, directory: &Path) -> Run {
        self.run(provenance_binary(), directory)
    }

    /// The user's git.
    pub fn git(&self, directory: &Path) -> Run {
        self.program("git", directory)
    }

    /// A program of the sandbox's `PATH`.
    pub fn program(&self, name: &str, directory: &Path) -> Run {
        self.run(&self.tools().join(name), directory)
    }

    /// A program of this machine that a test compares with, and that is no test without it.
    #[track_caller]
    pub fn outer_program(&self, name: &str, directory: &Path) -> Run {
        self.run(&self.outer_path(name), directory)
    }

    /// Where such a program lies.
    #[track_caller]
    pub fn outer_path(&self, name: &str) -> PathBuf {
        outer::find(name).unwrap_or_else(|| panic!("`{name}` is not installed: this test needs it"))
    }

    /// Any program.
    pub fn run(&self, program: &Path, directory: &Path) -> Run {
        // Shells say where a command is started; some of what is tested depends on it.
        let run = Run::new(program, directory).env("PWD", directory);
        self.environment.iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    /// The one directory of the sandbox's `PATH`: links to the tools.
    pub fn tools(&self) -> PathBuf {
        self.root().join("tools")
    }

    /// A directory with links to the tools, without those named: for a `PATH` that lacks them.
    pub fn tools_without(&self, missing: &[&str]) -> PathBuf {
        let directory = self.path("fewer-tools");
        link_tools(&directory, missing);
        directory
    }

    /// Where cargo unpacked a registry package, such as `victim-1.0.0`.
    #[track_caller]
    pub fn source(&self, package: &str) -> PathBuf {
        self.in_registry("src", package)
    }

    /// The cached archive of a registry package, such as `victim-1.0.0`.
    #[track_caller]
    pub fn archive(&self, package: &str) -> PathBuf {
        self.in_registry("cache", &format!("{package}.crate"))
    }

    #[track_caller]
    fn in_registry(&self, kind: &str, name: &str) -> PathBuf {
        let hosts = fs::read_dir(self.cargo_home().join("registry").join(kind)).expect("a used cargo home");
        let found = hosts.flatten().map(|host| host.path().join(name)).find(|path| path.exists());
        found.unwrap_or_else(|| panic!("`{name}` is not in `registry/{kind}`"))
    }

    /// Puts the compiled build helper into a project's target directory, which must not exist.
    pub fn seed_target(&self, target: &Path) {
        files::copy(&self.root().join("template/target"), target);
    }

    /// Puts the compiled build helper over what is in a project's target directory.
    pub fn reseed_target(&self, target: &Path) {
        files::copy_over(&self.root().join("template/target"), target);
    }

    /// Compiles the helper once and keeps what cargo downloaded for it.
    fn prebuild(&self) {
        let project = self.root().join("template/project");
        let helper = self.helper().display();
        files::write(
            &project.join("Cargo.toml"),
            format!(
                "[package]\nname = \"template\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[build-dependencies]\nprovenance-build = {{ path = \"{helper}\" }}\n"
            ),
        );
        files::write(&project.join("src/lib.rs"), "");
        // The dependency is what is wanted: the template is no gated workspace.
        files::write(&project.join("build.rs"), "use provenance_build as _;\nfn main() {}\n");
        self.cargo(&project).args(["build", "--quiet"]).ok();
        fs::rename(project.join("target"), self.root().join("template/target")).expect("a movable target");
        files::copy(&self.cargo_home().join("registry"), &self.root().join("template/registry"));
    }

    fn minimal_environment(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_str().expect("a UTF-8 path").to_owned();
        BTreeMap::from([
            ("CARGO_HOME".into(), text(&self.cargo_home())),
            ("CARGO_TERM_COLOR".into(), "never".into()),
            ("CARGO_TERM_PROGRESS_WHEN".into(), "never".into()),
            ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
            ("GIT_TERMINAL_PROMPT".into(), "0".into()),
            ("HOME".into(), text(&self.home())),
            ("LC_ALL".into(), "C".into()),
            ("NO_COLOR".into(), "1".into()),
            ("PATH".into(), text(&self.tools())),
            ("TERM".into(), "dumb".into()),
            ("TMPDIR".into(), text(&self.root().join("tmp"))),
        ])
    }

    fn slot(&self) -> &Slot {
        self.slot.as_ref().expect("a sandbox has its slot until it is dropped")
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The slot of a failed test is not used again, so that its files can be looked at.
        if let Some(slot) = self.slot.take()
            && !std::thread::panicking()
        {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
        }
    }
}

impl Slot {
    fn make() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let root = base().join(format!("slot-{}", NUMBER.fetch_add(1, Ordering::SeqCst)));
        link_tools(&root.join("tools"), &[]);
        link(&guard_binary(), &root.join("tools").join(GUARD));
        let helper = helper::copy_to(&root.join("helper"));
        Self {
            root,
            crates_io: Registry::start(),
            alternative: Registry::start(),
            helper,
            prebuilt: OnceLock::new(),
        }
    }

    fn clear(&self) {
        for directory in ["home", "cargo-home", "work", "tmp"] {
            let directory = self.root.join(directory);
            if directory.exists() {
                files::remove(&directory);
            }
            fs::create_dir_all(&directory).expect("a directory in the sandbox");
        }
        self.crates_io.reset();
        self.alternative.reset();
        static DEPENDENCIES: OnceLock<Vec<helper::Published>> = OnceLock::new();
        for published in DEPENDENCIES.get_or_init(helper::dependencies) {
            self.crates_io.publish_raw(published.line.clone(), published.archive.clone());
        }
        files::write(
            &self.root.join("home/.gitconfig"),
            "[user]\nname = tester\nemail = tester@example.org\n[init]\ndefaultBranch = main\n[commit]\ngpgsign = false\n\
             [protocol \"file\"]\nallow = always\n",
        );
        advisories::reach(&self.root.join("home"), advisory_db());
        files::write(&self.root.join("cargo-home/config.toml"), self.configuration());
        let template = self.root.join("template/registry");
        if template.exists() {
            files::copy(&template, &self.root.join("cargo-home/registry"));
        }
    }

    fn configuration(&self) -> String {
        format!(
            "[source.crates-io]\nreplace-with = \"stand-in\"\n\n[source.stand-in]\nregistry = \"{}\"\n\n\
             [registries.test]\nindex = \"{}\"\n\n[net]\nretry = 0\n\n[build]\nincremental = false\n\n[profile.dev]\ndebug = 0\n",
            self.crates_io.index(),
            self.alternative.index(),
        )
    }
}

/// The advisory database that every sandbox finds unless a test makes its own.
fn advisory_db() -> &'static Path {
    static REPOSITORY: OnceLock<PathBuf> = OnceLock::new();
    REPOSITORY.get_or_init(|| {
        let repository = base().join("advisory-db");
        let first = advisories::first();
        files::write(&repository.join(first.path()), first.to_text());
        let git = |arguments: &[&str]| {
            let mut git = Command::new(outer::find("git").expect("git is installed"));
            git.current_dir(&repository).env_clear().envs([("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")]);
            git.args([
                "-c",
                "user.name=tester",
                "-c",
                "user.email=tester@example.org",
                "-c",
                "commit.gpgsign=false",
            ]);
            assert!(git.args(arguments).status().expect("git runs").success(), "git {arguments:?}");
        };
        git(&["init", "--quiet", "--initial-branch=main"]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message=advisories"]);
        repository
    })
}

/// The triple of this machine, as rustc names it.
pub fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let output = Command::new(outer::toolchain().join("rustc")).arg("-vV").output().expect("rustc runs");
        let text = String::from_utf8(output.stdout).expect("rustc speaks UTF-8");
        text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
    })
}

/// rustup's stand-in for a program, where rustup is installed.
pub fn rustup_proxy(program: &str) -> Option<PathBuf> {
    let directories = std::env::var_os("PATH")?;
    let mut directories = std::env::split_paths(&directories);
    directories
        .find(|it| it.join("rustup").is_file() && it.join(program).is_file())
        .map(|it| it.join(program))
}

/// The guard's program, which every sandbox has among its tools.
pub const GUARD: &str = "provenance-guard";

/// The guard that this workspace builds.
pub fn guard_binary() -> PathBuf {
    provenance_binary().with_file_name(format!("{GUARD}{}", std::env::consts::EXE_SUFFIX))
}

/// The subcommand that this workspace builds, in the profile of the tests.
pub fn provenance_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has a path");
        let directory = test.ancestors().nth(2).expect("a test lies in `target/<profile>/deps`");
        let profile = match directory.file_name().and_then(|name| name.to_str()) {
            Some("debug") => "dev",
            Some(name) => name,
            None => panic!("no profile in `{}`", directory.display()),
        };
        let mut build = Command::new(outer::cargo());
        build.current_dir(outer::workspace()).args(["build", "--quiet", "--locked", "--offline"]);
        build.args(["--package", "cargo-provenance", "--profile", profile, "--target-dir"]);
        build.arg(directory.parent().expect("a profile lies in a target directory"));
        // `cargo test` describes the test's package in the environment; another cargo must not see that.
        for (name, _) in std::env::vars_os() {
            let stale = name
                .to_str()
                .is_some_and(|it| it.starts_with("CARGO_PKG_") || it.starts_with("CARGO_MANIFEST"));
            if stale {
                build.env_remove(name);
            }
        }
        assert!(build.status().expect("cargo runs").success(), "the subcommand could not be built");
        directory.join(format!("cargo-provenance{}", std::env::consts::EXE_SUFFIX))
    })
}

/// What lies outside: the toolchain and the workspace that these tests belong to.
pub(crate) mod outer {
    use std::env;
    use std::path::{Path, PathBuf};

    /// The cargo that runs the tests.
    pub(crate) fn cargo() -> PathBuf {
        let cargo = env::var_os("CARGO").map(PathBuf::from);
        cargo.filter(|path| path.is_absolute()).expect("the tests are run by cargo, which sets `CARGO`")
    }

    /// The directory of the toolchain's programs.
    pub(crate) fn toolchain() -> PathBuf {
        cargo().parent().expect("cargo lies in a directory").to_owned()
    }

    /// The cargo home that built the tests.
    pub(crate) fn cargo_home() -> PathBuf {
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
        env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).expect("a cargo home")
    }

    /// The root of the workspace.
    pub(crate) fn workspace() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member lies in its workspace")
    }

    /// Where a program is found.
    pub(crate) fn find(program: &str) -> Option<PathBuf> {
        let path = env::var_os("PATH")?;
        let mut directories: Vec<PathBuf> = vec![toolchain()];
        directories.extend(env::split_paths(&path));
        directories.into_iter().map(|it| it.join(program)).find(|it| it.is_file())
    }
}

/// Programs that cargo, rustc, git, the `cc` crate and the tests' scripts start.
const TOOLS: &[&str] = &[
    "cargo",
    "rustc",
    "rustdoc",
    "cargo-clippy",
    "clippy-driver",
    "git",
    "cc",
    "c++",
    "gcc",
    "ar",
    "as",
    "ld",
    "ranlib",
    "sh",
    "cat",
    "touch",
    "mkdir",
    "grep",
    "ssh",
    "ssh-keygen",
    "gpg",
];

fn link_tools(directory: &Path, missing: &[&str]) {
    fs::create_dir_all(directory).expect("a directory for tools");
    for tool in TOOLS.iter().filter(|tool| !missing.contains(tool)) {
        if let Some(found) = outer::find(tool) {
            link(&found, &directory.join(tool));
        }
    }
}

#[cfg(unix)]
fn link(found: &Path, link: &Path) {
    std::os::unix::fs::symlink(found, link).expect("a link to a tool");
}

#[cfg(not(unix))]
fn link(found: &Path, link: &Path) {
    fs::hard_link(found, link).or_else(|_| fs::copy(found, link).map(drop)).expect("a link to a tool");
}

/// The directory of this process's slots. Those of processes that are gone are removed on the way.
fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        const PREFIX: &str = "provenance-e2e-";
        let temporary = fs::canonicalize(std::env::temp_dir()).expect("a directory for temporary files");
        for entry in fs::read_dir(&temporary).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
            if pid
                .is_some_and(|pid| Path::new("/proc/self").exists() && !Path::new("/proc").join(pid).exists())
            {
                // Another process may be doing the same.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let base = temporary.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&base).expect("a directory for sandboxes");
        base
    })
}
