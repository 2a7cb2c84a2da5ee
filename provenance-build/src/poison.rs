//! On refusal, makes cargo forget what it compiled from sources that were not the pinned ones.
//!
//! Cargo compiles a drifted dependency before or while the build script looks at it, and never compares the sources of
//! registry, git and vendored packages again: the artifact would stay "fresh" after the sources are restored. Without
//! their fingerprints cargo compiles the packages anew, and a compilation that is still running cannot record itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What cargo shall forget.
#[derive(Clone, Debug, Default)]
pub struct Suspects {
    /// Packages by name, whenever they were compiled.
    pub packages: BTreeSet<String>,
    /// Everything that was compiled after this moment: what cannot be pinned down to packages.
    pub since: Option<SystemTime>,
}

/// The profile directories, host and target, of the build that `out_dir` belongs to; `triple` is `TARGET`.
///
/// `OUT_DIR` is `BASE/[TRIPLE/]PROFILE/build/NAME-HASH/out`, from cargo's new layout on `…/build/NAME/HASH/out`.
pub fn profiles(out_dir: &Path, triple: &str) -> Vec<PathBuf> {
    let Some((base, profile)) = places(out_dir, triple) else { return vec![] };
    let Some(name) = profile.file_name() else { return vec![] };
    let mut profiles = vec![profile.to_owned(), base.join(name)];
    profiles.extend(children(base).into_iter().map(|child| child.join(name)));
    profiles.retain(|profile| profile.join(".fingerprint").is_dir() || profile.join("build").is_dir());
    profiles.sort();
    profiles.dedup();
    profiles
}

/// `BASE`, cargo's build directory, and the profile directory of that `OUT_DIR`.
pub fn places<'o>(out_dir: &'o Path, triple: &str) -> Option<(&'o Path, &'o Path)> {
    let is_build = |path: &&Path| path.file_name().is_some_and(|name| name == "build");
    let profile = out_dir.ancestors().skip(2).take(2).find(is_build)?.parent()?;
    let parent = profile.parent()?;
    let below_triple = parent.file_name().is_some_and(|parent| parent == triple);
    Some((if below_triple { parent.parent().unwrap_or(parent) } else { parent }, profile))
}

/// Removes the fingerprints of the suspects. Returns what could not be removed.
pub fn forget(profiles: &[PathBuf], suspects: &Suspects) -> Vec<PathBuf> {
    let mut left = Vec::new();
    for profile in profiles {
        for unit in children(&profile.join(".fingerprint")) {
            if suspects.name(&unit) || suspects.recent(&unit) {
                remove(unit, &mut left);
            }
        }
        for unit in children(&profile.join("build")) {
            let plain =
                unit.file_name().is_some_and(|name| suspects.packages.contains(&*name.to_string_lossy()));
            if suspects.name(&unit) || plain {
                remove(unit, &mut left);
            } else if !profile.join(".fingerprint").is_dir() {
                for unit in children(&unit).into_iter().filter(|unit| suspects.recent(unit)) {
                    remove(unit.join("fingerprint"), &mut left);
                }
            }
        }
    }
    left
}

impl Suspects {
    /// Whether a unit's directory, `NAME-HASH`, is of a named package. The hash has 16 hex digits.
    fn name(&self, unit: &Path) -> bool {
        let name = unit.file_name().unwrap_or_default().to_string_lossy();
        let Some((name, hash)) = name.rsplit_once('-') else { return false };
        hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && self.packages.contains(name)
    }

    /// Whether cargo ran a unit after the moment. Where the time cannot be read it counts as recent.
    fn recent(&self, unit: &Path) -> bool {
        let Some(since) = self.since else { return false };
        let mut times = children(unit).into_iter().chain([unit.to_owned()]).map(|file| modified(&file));
        times.any(|time| time.is_none_or(|time| time > since))
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}

fn remove(directory: PathBuf, left: &mut Vec<PathBuf>) {
    if directory.exists() && fs::remove_dir_all(&directory).is_err() && directory.exists() {
        left.push(directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn unit(profile: &Path, folder: &str, name: &str) -> PathBuf {
        let unit = profile.join(folder).join(name);
        fs::create_dir_all(&unit).expect("a directory");
        fs::write(unit.join("invoked.timestamp"), "").expect("a file");
        unit
    }

    #[test]
    fn host_and_target_profiles_are_found_from_either_side() {
        let base = tempfile::tempdir().expect("a directory");
        let target = base.path().join("target");
        for profile in ["debug", "x86_64-unknown-linux-gnu/debug", "release"] {
            unit(&target.join(profile), ".fingerprint", "a-0123456789abcdef");
        }
        let both = [target.join("debug"), target.join("x86_64-unknown-linux-gnu/debug")];
        for profile in &both {
            let out = profile.join("build/app-0123456789abcdef/out");
            assert_eq!(profiles(&out, "x86_64-unknown-linux-gnu"), both);
            let out = profile.join("build/app/0123456789abcdef/out");
            assert_eq!(profiles(&out, "x86_64-unknown-linux-gnu"), both, "the new layout");
        }
    }

    #[test]
    fn only_suspects_are_forgotten() {
        let base = tempfile::tempdir().expect("a directory");
        let profile = base.path().to_owned();
        let evil = unit(&profile, ".fingerprint", "cfg-if-0123456789abcdef");
        let script = unit(&profile, "build", "cfg-if-fedcba9876543210");
        let new_layout = unit(&profile, "build", "cfg-if");
        let other = unit(&profile, ".fingerprint", "cfg-if-more-0123456789abcdef");
        let suspects = Suspects { packages: BTreeSet::from(["cfg-if".to_owned()]), since: None };
        assert_eq!(forget(&[profile], &suspects), Vec::<PathBuf>::new());
        assert!(!evil.exists() && !script.exists() && !new_layout.exists() && other.exists());
    }

    #[test]
    fn what_was_compiled_since_the_last_good_look_is_forgotten() {
        let base = tempfile::tempdir().expect("a directory");
        let profile = base.path().to_owned();
        let old = unit(&profile, ".fingerprint", "old-0123456789abcdef");
        let past = SystemTime::now() - Duration::from_secs(3600);
        for path in [old.join("invoked.timestamp"), old.clone()] {
            fs::File::open(path).and_then(|file| file.set_modified(past)).expect("a time");
        }
        let new = unit(&profile, ".fingerprint", "new-0123456789abcdef");
        let since = Some(SystemTime::now() - Duration::from_secs(60));
        forget(&[profile], &Suspects { packages: BTreeSet::new(), since });
        assert!(old.exists() && !new.exists());
    }
}
