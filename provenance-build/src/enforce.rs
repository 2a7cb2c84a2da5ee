//! What `build.rs` calls: looks at the workspace, compares it with the manifest, and fails the build where they differ.

use std::collections::BTreeSet;
use std::fs;
use std::panic::Location;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

#[cfg(feature = "signatures")]
use crate::admit::{self, Demand};
use crate::cargo_env::{self, BuildEnvironment};
use crate::directive;
use crate::drift::Drift;
#[cfg(feature = "signatures")]
use crate::embed;
use crate::error::Error;
use crate::manifest;
use crate::marker::Marker;
use crate::observe::{self, Seen};
use crate::poison::{self, Suspects};
#[cfg(feature = "signatures")]
use crate::signing::TrustedKey;
use crate::standing::{self, POLICY, Standing};
#[cfg(not(feature = "signatures"))]
use crate::toml;
use crate::tree::Layout;
use crate::verify;

/// The name of the guard's program.
const GUARD: &str = "provenance-guard";

/// Lines of drift that a build shows; `cargo provenance verify` shows all.
const SHOWN: usize = 5;

/// Fails the build unless the sources of the workspace are the pinned ones. Call it first in `build.rs`.
///
/// Does not return on drift or when no verdict can be reached: it tells cargo why and exits with status 1. Built as
/// somebody's dependency it does nothing.
#[track_caller]
pub fn enforce() {
    Enforcer::new().enforce();
}

/// [`enforce`] with choices.
#[derive(Clone, Debug, Default)]
pub struct Enforcer {
    always: bool,
    #[cfg(feature = "signatures")]
    embed: bool,
    strict: bool,
    keys: Vec<String>,
    signed: bool,
    threshold: usize,
}

impl Enforcer {
    /// The choices that [`enforce`] makes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at every build, not only when something that cargo watches has changed. Costs the hashing of all sources
    /// and the compilation of this package each time: meant for release builds.
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Also writes what the binary carries: the list of its packages (`.dep-v0`, which other scanners read) and their pins
    /// (`.provenance-v1`). `main.rs` includes it: `include!(concat!(env!("OUT_DIR"), "/provenance_embed.rs"));`.
    ///
    /// The list holds everything that `Cargo.lock` says the package depends on, for whichever target and feature, but for what is
    /// known to be for tests alone. Needs the feature `signatures`, which is on by default.
    #[cfg(feature = "signatures")]
    pub fn embed(mut self) -> Self {
        self.embed = true;
        self
    }

    /// Takes nothing on trust that differs from machine to machine: the guard (`provenance-guard`) must be rustc's wrapper,
    /// cargo may have no setting that can run or swap code from outside the repository (home, parent folders, `--config`),
    /// and the manifest must be signed. Meant for releases. The guard is known by its name, as cargo tells it.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self.require_signature()
    }

    /// Refuses a manifest that no trusted key signed, whatever the policy says.
    pub fn require_signature(mut self) -> Self {
        self.signed = true;
        self
    }

    /// Refuses a manifest that this key did not sign: `ssh-ed25519 AAAA…`, or a line as `allowed_signers` has it. Called
    /// several times, each of the keys is good, and those of the policy count no more.
    ///
    /// What `build.rs` says lies in the repository too, and is as good as the review of its changes.
    pub fn trusted_key(mut self, key: &str) -> Self {
        self.keys.push(key.to_owned());
        self.require_signature()
    }

    /// Refuses a manifest that fewer distinct trusted keys signed.
    pub fn threshold(mut self, threshold: usize) -> Self {
        self.threshold = threshold;
        self.require_signature()
    }

    /// See the function [`enforce`].
    #[track_caller]
    pub fn enforce(self) {
        let caller = Location::caller().file();
        let environment = BuildEnvironment::read(caller).unwrap_or_else(|fault| {
            tell(&fault);
            std::process::exit(1)
        });
        if let Err(refusal) = self.run(&environment) {
            refuse(&environment, &refusal);
        }
    }

    fn run(&self, environment: &BuildEnvironment) -> Result<(), Refusal> {
        let standing = standing::find(environment)?;
        if standing == Standing::Packaged {
            let what = "unpacked from an archive without `Provenance.lock`: sources are not verified";
            directive::warning(what);
        }
        let Standing::Own(root) = standing else {
            #[cfg(feature = "signatures")]
            if self.embed {
                embed::nothing(environment)?;
            }
            directive::rerun_if_changed(&environment.package.join("build.rs"));
            return Ok(());
        };
        if environment.links {
            let name = &environment.name;
            let what = format!("`{name}` has a `links` key: configuration could replace this build script");
            return Err(Error::unclear(what, "call the helper from a package without `links`").into());
        }
        let started = SystemTime::now();
        let seen = observe::observe(environment.surroundings(&root))?;
        self.signatures(&root, &seen)?;
        if self.strict {
            refuse_outside(environment, &seen)?;
        }
        let verdict = verify::verify(&seen.manifest, &seen.observation);
        let drift = verdict.drift.into_iter().filter(Drift::refuses_build).collect::<Vec<_>>();
        if !drift.is_empty() {
            return Err(Refusal::Drift(drift));
        }
        let marker = Marker::of(&environment.out_dir);
        let repinned = marker.repinned(&seen.manifest);
        marker.write(&seen.manifest, started)?;
        if !repinned.is_empty() {
            return Err(Refusal::Repinned(repinned));
        }
        #[cfg(feature = "signatures")]
        if self.embed {
            embed::write(environment, &root, &seen, &self.demand()?)?;
        }
        self.watch(environment, &root, &seen);
        Ok(())
    }

    #[cfg(feature = "signatures")]
    fn signatures(&self, root: &Path, seen: &Seen) -> Result<(), Error> {
        admit::admit(root, &seen.manifest, seen.text.as_bytes(), &self.demand()?, seen.observation.now)
            .map(drop)
    }

    #[cfg(feature = "signatures")]
    fn demand(&self) -> Result<Demand, Error> {
        let keys = self.keys.iter().map(|key| TrustedKey::parse(key, Path::new("build.rs"), 0));
        let keys = keys.collect::<Result<_, _>>()?;
        Ok(Demand { required: self.signed, threshold: self.threshold, keys })
    }

    /// A demand for signatures is beyond a helper that cannot check any.
    #[cfg(not(feature = "signatures"))]
    fn signatures(&self, root: &Path, _: &Seen) -> Result<(), Error> {
        let help = "switch the feature `signatures` of `provenance-build` on";
        if self.signed {
            return Err(Error::unclear("this build demands signatures, and cannot check any", help));
        }
        let file = root.join(POLICY);
        let text = standing::policy(root)?;
        let policy = toml::parse(&text, &file)?;
        match toml::table(&policy, "signing").and_then(|signing| signing.get("required")) {
            Some(required) if required.as_bool() != Some(false) => {
                let line = toml::line(&text, required.span.start);
                Err(Error::invalid(&file, line, "the policy demands signatures", help))
            }
            _ => Ok(()),
        }
    }

    /// Names everything whose change must run the script again. Cargo walks directories, so one line a package is enough.
    fn watch(&self, environment: &BuildEnvironment, root: &Path, seen: &Seen) {
        if self.always {
            // Cargo takes a path that does not exist for changed.
            directive::rerun_if_changed(&environment.out_dir.join("always"));
        }
        directive::rerun_if_changed(&root.join(manifest::FILE_NAME));
        directive::rerun_if_changed(&seen.lockfile);
        let policy = root.join(POLICY);
        let members = seen.manifest.members.iter().map(|member| root.join(&member.path).join("Cargo.toml"));
        let files = members
            .chain([policy, root.join(manifest::SIGNATURES), root.join("Cargo.toml")])
            .chain(seen.configuration.files.iter().cloned());
        for file in files.filter(|file| file.exists()) {
            // Another file beside it can take its place: `config` wins over `config.toml`.
            let folder = file
                .parent()
                .filter(|folder| folder.ends_with(".cargo") && **folder != environment.cargo_home);
            directive::rerun_if_changed(folder.unwrap_or(&file));
        }
        let folder = root.join(".cargo");
        if folder.is_dir() {
            directive::rerun_if_changed(&folder);
        }
        let mut directories =
            seen.located.iter().flat_map(|located| &located.directories).collect::<Vec<_>>();
        directories.sort();
        directories.dedup();
        for place in directories {
            match place.layout {
                Layout::Path => watch_but_target(&place.directory),
                _ => directive::rerun_if_changed(&alias(&place.directory, &environment.cargo_home)),
            }
        }
        for variable in cargo_env::WATCHED {
            directive::rerun_if_env_changed(variable);
        }
    }
}

/// What [`Enforcer::strict`] refuses.
fn refuse_outside(environment: &BuildEnvironment, seen: &Seen) -> Result<(), Error> {
    let wrapper = environment.wrapper.as_deref();
    if wrapper.and_then(Path::file_stem) != Some(GUARD.as_ref()) {
        let found = wrapper.map_or("nothing is".to_owned(), |found| format!("`{}` is", found.display()));
        let what = format!("{found} rustc's wrapper, and a strict build demands `{GUARD}`");
        let help = "run `cargo provenance init --guard`, or build with `cargo provenance build`";
        return Err(Error::unclear(what, help));
    }
    // By these `cargo provenance build` tells the guard which workspace it is in.
    let is_guards = |key: &str| key == "build.rustc-wrapper" || key.starts_with("env.PROVENANCE_WORKSPACE.");
    match seen.configuration.outside.iter().find(|setting| !is_guards(&setting.key)) {
        Some(setting) => {
            let (key, value) = (&setting.key, &setting.value);
            let what =
                format!("a strict build allows no setting from outside the repository: `{key} = {value}`");
            Err(Error::invalid(
                &setting.file,
                setting.line,
                what,
                "remove it, or build on a machine without it",
            ))
        }
        None => Ok(()),
    }
}

/// Why the build is refused.
enum Refusal {
    Drift(Vec<Drift>),
    Error(Error),
    /// The sources are right, and artifacts of what was pinned before are in use.
    Repinned(BTreeSet<String>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn refuse(environment: &BuildEnvironment, refusal: &Refusal) -> ! {
    let packages = match refusal {
        Refusal::Error(error) => {
            tell(error);
            vec![None]
        }
        Refusal::Drift(drift) => {
            show(drift);
            drift.iter().map(|drift| drift.package().map(|id| id.name.to_string())).collect()
        }
        Refusal::Repinned(names) => {
            for name in names {
                directive::error(&format!("`{name}` was compiled from other sources than are pinned now"));
            }
            directive::error("what was compiled is forgotten: build again");
            names.iter().cloned().map(Some).collect()
        }
    };
    // Where it cannot be told which packages are concerned: all that were compiled since the last good look.
    let last_good = || Marker::of(&environment.out_dir).time().unwrap_or(SystemTime::UNIX_EPOCH);
    let since = packages.contains(&None).then(last_good);
    let suspects = Suspects { packages: packages.into_iter().flatten().collect(), since };
    let profiles = poison::profiles(&environment.out_dir, &environment.target);
    for path in poison::forget(&profiles, &suspects) {
        directive::error(&format!(
            "could not remove `{}`: run `cargo clean` before the next build",
            path.display()
        ));
    }
    std::process::exit(1)
}

fn tell(error: &Error) {
    directive::error(&error.to_string());
    if let Some(source) = std::error::Error::source(error) {
        directive::error(&format!("  {source}"));
    }
    for detail in error.details() {
        directive::error(&format!("  {detail}"));
    }
    if let Some(help) = error.help() {
        directive::error(help);
    }
}

fn show(all: &[Drift]) {
    for (at, drift) in all.iter().enumerate().take(SHOWN) {
        directive::error(&drift.to_string());
        for detail in drift.details().iter().filter(|_| !matches!(drift, Drift::Unpinned { .. })) {
            directive::error(&format!("  {detail}"));
        }
        if let Drift::Tree { directory, found: Ok(_), .. } = drift {
            if let Some(file) = newest(directory) {
                directive::error(&format!("  most recently changed: {}", file.display()));
            }
        }
        // After `cargo update` many packages lack a pin: what is to be done about the next one too is said once.
        if at + 1 == SHOWN || all.get(at + 1).is_none_or(|next| next.help() != drift.help()) {
            directive::error(&drift.help());
        }
    }
    if all.len() > SHOWN {
        let more = all.len() - SHOWN;
        directive::error(&format!("and {more} more: run `cargo provenance verify` to see them all"));
    }
}

/// The file that was changed last: a hint where to look, not a proof.
fn newest(directory: &Path) -> Option<PathBuf> {
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    let mut open = vec![directory.to_owned()];
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(&here).ok()?.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                open.push(entry.path());
            } else if let Ok(time) = metadata.modified() {
                if newest.as_ref().is_none_or(|(latest, _)| time > *latest) {
                    newest = Some((time, entry.path()));
                }
            }
        }
    }
    newest.map(|(_, file)| file)
}

/// `target/` below a path package changes at every build, so each other entry is named on its own.
fn watch_but_target(package: &Path) {
    for entry in fs::read_dir(package).into_iter().flatten().flatten() {
        if entry.file_name() != "target" && entry.file_name() != ".git" {
            directive::rerun_if_changed(&entry.path());
        }
    }
}

/// Cargo ignores re-run lines below `CARGO_HOME/registry` and `CARGO_HOME/git` (rust-lang/cargo#12369) by comparing
/// texts, so the same directory is named by way of the parent of the cargo home.
fn alias(directory: &Path, cargo_home: &Path) -> PathBuf {
    let Ok(inside) = directory.strip_prefix(cargo_home) else { return directory.to_owned() };
    match cargo_home.components().next_back() {
        Some(Component::Normal(name)) => cargo_home.join("..").join(name).join(inside),
        _ => directory.to_owned(),
    }
}
