//! A workspace in a sandbox, and the expectations that the attack tests share.

use std::path::{Path, PathBuf};

use crate::files;
use crate::krate::Krate;
use crate::process::{Output, Run};
use crate::sandbox::Sandbox;

/// What the honest version of every test crate says.
pub const CLEAN: &str = "clean";
/// What the attacker's version says.
pub const EVIL: &str = "EVIL";

/// A workspace in a sandbox.
#[derive(Clone, Copy, Debug)]
pub struct Project<'sandbox> {
    sandbox: &'sandbox Sandbox,
    name: &'sandbox str,
}

impl<'sandbox> Project<'sandbox> {
    /// An empty directory.
    pub fn empty(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Self {
        std::fs::create_dir_all(sandbox.path(name)).expect("a directory for a project");
        Self { sandbox, name }
    }

    /// A binary package `app` that prints `victim::greeting()`; publishes the honest `victim 1.0.0`.
    pub fn app(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Self {
        sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN).old_manifest());
        Self::greeter(sandbox, name, "victim = \"1\"", "victim::greeting()")
    }

    /// A binary package `app` with one dependency line, printing an expression.
    pub fn greeter(
        sandbox: &'sandbox Sandbox,
        name: &'sandbox str,
        dependency: &str,
        expression: &str,
    ) -> Self {
        Self::empty(sandbox, name)
            .with("Cargo.toml", &package("app", dependency))
            .with("src/main.rs", &format!("fn main() {{\n    println!(\"{{}}\", {expression});\n}}\n"))
    }

    /// Writes a file.
    #[track_caller]
    pub fn with(self, path: &str, content: &str) -> Self {
        files::write(&self.path(path), content);
        self
    }

    /// Lets its build helper check signatures. The project lies directly in the folder for projects.
    pub fn with_signatures(self) -> Self {
        files::append(
            &self.path("Cargo.toml"),
            "\n[build-dependencies]\nprovenance-build = { path = \"../../helper/provenance-build\", features = [\"signatures\"] }\n",
        );
        self
    }

    /// Puts it behind the gate: lockfile, `init --build-helper`, and the compiled helper in its target directory.
    #[track_caller]
    pub fn gate(self) -> Self {
        self.sandbox.seed_target(&self.path("target"));
        self.cargo(["generate-lockfile"]).ok();
        self.init([]).code(0);
        self
    }

    /// Puts it behind the gate without the build helper, which is quick: for tests that build nothing.
    #[track_caller]
    pub fn pinned(self) -> Self {
        self.cargo(["generate-lockfile"]).ok();
        self.provenance(["init"]).ok();
        self
    }

    /// Puts it behind the gate with the guard before rustc and without the build helper.
    #[track_caller]
    pub fn guarded(self) -> Self {
        self.cargo(["generate-lockfile"]).ok();
        self.provenance(["init", "--guard"]).ok();
        self
    }

    /// Adds lines to the policy, and pins under it.
    #[track_caller]
    pub fn policy(self, lines: &str) -> Self {
        let policy = files::read(&self.path("Provenance.toml"));
        let (head, name) = lines.split_once('\n').unwrap_or((lines, ""));
        // A table that is only shown, behind a `#`, is not there.
        let there = format!("\n{head}\n");
        let text = match policy.contains(&there) && head.starts_with('[') && !head.starts_with("[[") {
            true => policy.replacen(&there, &format!("{there}{name}\n"), 1),
            false => format!("{policy}\n{lines}\n"),
        };
        files::write(&self.path("Provenance.toml"), text);
        self.provenance(["pin"]).ok();
        self
    }

    /// The locked version of a package; the only one.
    #[track_caller]
    pub fn locked(self, name: &str) -> String {
        let lockfile = files::read(&self.path("Cargo.lock"));
        let entry =
            lockfile.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{name}\"\n")));
        let entry = entry.unwrap_or_else(|| panic!("`{name}` is not locked: {lockfile}"));
        entry
            .split("version = \"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a version")
            .to_owned()
    }

    /// `init --build-helper` with the helper of the sandbox.
    #[track_caller]
    pub fn init<const N: usize>(self, more: [&str; N]) -> Output {
        let helper = self.sandbox.helper().to_str().expect("a UTF-8 path");
        self.provenance(["init", "--build-helper", "--helper-path", helper]).args(more).run()
    }

    /// The sandbox it lies in.
    pub fn sandbox(self) -> &'sandbox Sandbox {
        self.sandbox
    }

    /// Its root.
    pub fn root(self) -> PathBuf {
        self.sandbox.path(self.name)
    }

    /// A path below its root.
    pub fn path(self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// `cargo ARGS` in its root.
    pub fn cargo<const N: usize>(self, args: [&str; N]) -> Run {
        self.sandbox.cargo(&self.root()).args(args)
    }

    /// `cargo-provenance ARGS` in its root.
    pub fn provenance<const N: usize>(self, args: [&str; N]) -> Run {
        self.sandbox.provenance(&self.root()).args(args)
    }

    /// `git ARGS` in its root.
    pub fn git<const N: usize>(self, args: [&str; N]) -> Run {
        self.sandbox.git(&self.root()).args(args)
    }

    /// Makes it a git repository with everything committed.
    #[track_caller]
    pub fn commit(self, message: &str) {
        if !self.path(".git").exists() {
            self.git(["init", "--quiet"]).ok();
            if !self.path(".gitignore").exists() {
                files::write(&self.path(".gitignore"), "/target\n");
            }
        }
        self.git(["add", "--all"]).ok();
        self.git(["commit", "--quiet", "--message", message]).ok();
    }

    /// [`Project::refuses`] where the attack is in a manifest: the build comes first, and cargo brings its lockfile in line.
    #[track_caller]
    pub fn refuses_once_locked(self, what: &str) {
        self.build_refuses(what);
        self.refuses(what);
    }

    /// Puts every file back to the last commit and removes what was added. Of its target directory nothing is removed:
    /// whatever an attack left there is there, and only the helper, which a refusal may have made cargo forget, is put back.
    #[track_caller]
    pub fn restore(self) {
        self.git(["reset", "--quiet", "--hard"]).ok();
        self.git(["clean", "--quiet", "--force", "-d"]).ok();
        if self.path("target").exists() {
            self.sandbox.reseed_target(&self.path("target"));
        }
    }

    /// Removes its target directory and puts the compiled helper back.
    pub fn fresh_target(self) {
        files::remove(&self.path("target"));
        self.sandbox.seed_target(&self.path("target"));
    }

    /// Expects that it builds, and that what was built says `text`.
    #[track_caller]
    pub fn says(self, text: &str) {
        self.cargo(["run", "--quiet"]).ok().stdout_has(text);
    }

    /// Expects `verify` to find drift and `cargo build` to be refused, both naming `what`: with the target directory as
    /// it is, and with nothing built yet but the helper.
    #[track_caller]
    pub fn refuses(self, what: &str) {
        self.verify_finds(what);
        self.build_refuses(what);
        self.fresh_target();
        self.build_refuses(what);
    }

    /// Expects that what cargo would build without the gate says the evil text. The gate is back afterwards.
    #[track_caller]
    pub fn says_evil_without_the_gate(self) {
        let script = files::read(&self.path("build.rs"));
        files::write(&self.path("build.rs"), "fn main() {}\n");
        self.cargo(["clean", "--quiet", "--package", "app", "--package", "victim"]).ok();
        self.says(EVIL);
        files::write(&self.path("build.rs"), script);
        self.cargo(["clean", "--quiet", "--package", "app", "--package", "victim"]).ok();
    }

    /// Expects `verify` to find drift and to name `what`.
    #[track_caller]
    pub fn verify_finds(self, what: &str) {
        self.provenance(["verify"]).run().code(4).stderr_has(what);
    }

    /// Expects `cargo build` to be refused by the helper, which names `what`.
    #[track_caller]
    pub fn build_refuses(self, what: &str) {
        refused(self.cargo(["build"]), what);
    }

    /// Expects that it verifies, builds, and says the honest text.
    #[track_caller]
    pub fn is_clean(self) {
        self.provenance(["verify"]).run().code(0);
        self.says(CLEAN);
    }
}

/// Expects a run of cargo to be refused by the helper, which names `what`.
#[track_caller]
pub fn refused(run: Run, what: &str) -> Output {
    // Cargo prefixes what a build script says with the package it belongs to; a compiler error has no such prefix.
    let output = run.run().code(101).stderr_has(what);
    assert!(
        output.stderr.lines().any(|line| is_verdict(line, what)),
        "no verdict that names `{what}`: {output}"
    );
    output
}

fn is_verdict(line: &str, what: &str) -> bool {
    let Some(rest) = line.strip_prefix("error: ") else { return false };
    rest.split_once('@').is_some_and(|(_, rest)| rest.contains(": ")) && rest.contains(what)
}

/// The manifest of a package with one line of dependencies.
pub fn package(name: &str, dependency: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n\n[dependencies]\n{dependency}\n"
    )
}

/// The attacker's `src/lib.rs` in an unpacked or copied package.
pub fn make_evil(package: &Path) {
    files::replace(&package.join("src/lib.rs"), &format!("{CLEAN:?}"), &format!("{EVIL:?}"));
}

/// Undoes [`make_evil`].
pub fn make_clean(package: &Path) {
    files::replace(&package.join("src/lib.rs"), &format!("{EVIL:?}"), &format!("{CLEAN:?}"));
}
