//! What `build.rs` calls: looks at the workspace, compares it with the manifest, and fails the build where they differ.

use std::collections::BTreeSet;
use std::fs;
use std::panic::Location;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use crate::cargo_env::{self, BuildEnvironment};
use crate::directive;
use crate::drift::Drift;
use crate::error::Error;
use crate::manifest;
use crate::marker::Marker;
use crate::observe::{self, Seen};
use crate::poison::{self, Suspects};
use crate::standing::{self, POLICY, Standing};
use crate::toml;
use crate::tree::Layout;
use crate::verify;

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
#[derive(Clone, Copy, Debug, Default)]
pub struct Enforcer {
    always: bool,
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

    fn run(self, environment: &BuildEnvironment) -> Result<(), Refusal> {
        let standing = standing::find(environment)?;
        if standing == Standing::Packaged {
            let what = "unpacked from an archive without `Provenance.lock`: sources are not verified";
            directive::warning(what);
        }
        let Standing::Own(root) = standing else {
            directive::rerun_if_changed(&environment.package.join("build.rs"));
            return Ok(());
        };
        if environment.links {
            let name = &environment.name;
            let what = format!("`{name}` has a `links` key: configuration could replace this build script");
            return Err(Error::unclear(what, "call the helper from a package without `links`").into());
        }
        refuse_signatures(&root)?;
        let started = SystemTime::now();
        let seen = observe::observe(environment.surroundings(&root))?;
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
        self.watch(environment, &root, &seen);
        Ok(())
    }

    /// Names everything whose change must run the script again. Cargo walks directories, so one line a package is enough.
    fn watch(self, environment: &BuildEnvironment, root: &Path, seen: &Seen) {
        if self.always {
            // Cargo takes a path that does not exist for changed.
            directive::rerun_if_changed(&environment.out_dir.join("always"));
        }
        directive::rerun_if_changed(&root.join(manifest::FILE_NAME));
        directive::rerun_if_changed(&seen.lockfile);
        let policy = root.join(POLICY);
        let members = seen.manifest.members.iter().map(|member| root.join(&member.path).join("Cargo.toml"));
        let files =
            members.chain([policy, root.join("Cargo.toml")]).chain(seen.configuration.files.iter().cloned());
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

/// A policy that demands signatures is beyond a helper that cannot check any.
fn refuse_signatures(root: &Path) -> Result<(), Error> {
    let file = root.join(POLICY);
    if !file.exists() {
        return Ok(());
    }
    let text = toml::read(&file)?;
    let policy = toml::parse(&text, &file)?;
    match toml::table(&policy, "signing").and_then(|signing| signing.get("required")) {
        Some(required) if required.as_bool() != Some(false) => {
            let help = "use a version of `provenance-build` that checks signatures";
            let line = toml::line(&text, required.span.start);
            Err(Error::invalid(&file, line, "the policy demands signatures", help))
        }
        _ => Ok(()),
    }
}
