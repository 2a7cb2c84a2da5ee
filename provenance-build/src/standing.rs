//! Whose build this is: the workspace to judge, or somebody else's build that is left alone.
//!
//! Cargo gives rustc paths relative to the workspace root, for packages below it and for no others, so the `file!()` of
//! a build script tells its workspace. Flags can rewrite that path, so a package that a manifest lists as a member is
//! never taken for foreign on the strength of the path alone.

use std::path::{Path, PathBuf};

use crate::cargo_env::BuildEnvironment;
use crate::config::{Configuration, View};
use crate::error::Error;
use crate::manifest::{self, Manifest};
use crate::members::normal;
use crate::observe;
use crate::poison;
use crate::toml;

/// The policy's file, beside the manifest.
pub(crate) const POLICY: &str = "Provenance.toml";

/// The text of the policy at `root`. Whoever removes it removes what it demands, so that a manifest without one is no use.
pub(crate) fn policy(root: &Path) -> Result<String, Error> {
    let file = root.join(POLICY);
    // A link that leads nowhere is there, and cannot be read.
    if file.symlink_metadata().is_ok() {
        return toml::read(&file);
    }
    let what = format!("there is no `{}`", file.display());
    Err(Error::unclear(what, "restore it from version control: the manifest was written under it"))
}

/// Whose build this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The workspace at this root is being built.
    Own(PathBuf),
    /// The package is somebody's dependency: nothing is judged.
    Foreign,
    /// The package was unpacked from its archive and carries no manifest: nothing can be judged.
    Packaged,
}

/// Finds out whose build this is.
pub fn find(environment: &BuildEnvironment) -> Result<Standing, Error> {
    let package = &environment.package;
    if in_cargo_home(package, &environment.cargo_home) {
        return Ok(Standing::Foreign);
    }
    let claim = claim(package, &environment.name)?;
    if environment.remapped {
        return match claim {
            Some(root) => own(environment, root),
            None if in_directory_source(environment)? => Ok(Standing::Foreign),
            None => listed_by(environment.own_workspace()?),
        };
    }
    match implied_root(package, &environment.caller) {
        Some(root) => match claim {
            // A copy that `cargo package` unpacked for its trial build may carry the manifest of the package, but not
            // the configuration around it.
            Some(claim) if claim == *package && is_trial_build(environment) => Ok(Standing::Packaged),
            // Cargo builds another workspace than the one whose manifest lists the package: a root that was put around or
            // below it, or a manifest that was put beside the package.
            Some(claim) if claim != root => Err(two_roots(&claim, &root)),
            Some(claim) => Ok(Standing::Own(claim)),
            None if root.join(manifest::FILE_NAME).exists() => Ok(Standing::Own(root)),
            None if root == *package && (is_trial_build(environment) || is_alone(package)) => {
                Ok(Standing::Packaged)
            }
            None => Err(observe::no_manifest(&root)),
        },
        // An absolute path, and nothing rewrote it: not a package below the root of the workspace that is built.
        None if environment.caller.is_absolute() => outside(environment, claim),
        None => match claim {
            Some(root) => own(environment, root),
            None => listed_by(environment.own_workspace()?),
        },
    }
}

/// The nearest directory above (or at) the package whose manifest lists it as a member at just this path.
fn claim(package: &Path, name: &str) -> Result<Option<PathBuf>, Error> {
    for root in package.ancestors() {
        if root.join(manifest::FILE_NAME).is_file()
            && lists(root, &observe::read_manifest(root)?, package, name)
        {
            return Ok(Some(root.to_owned()));
        }
    }
    Ok(None)
}

fn lists(root: &Path, manifest: &Manifest, package: &Path, name: &str) -> bool {
    let here = |path: &str| {
        let directory = normal(&root.join(path));
        directory == package || directory.canonicalize().is_ok_and(|directory| directory == package)
    };
    manifest.members.iter().any(|member| member.name.as_str() == name && here(&member.path))
}

/// The directory from which `caller` names a file of the package: the outermost, because a copy of the path can be
/// planted inside the package but not around it.
fn implied_root(package: &Path, caller: &Path) -> Option<PathBuf> {
    if caller.is_absolute() {
        return None;
    }
    let is_root = |root: &&Path| {
        let file = root.join(caller);
        file.starts_with(package) && file.is_file()
    };
    package.ancestors().filter(is_root).last().map(Path::to_owned)
}

/// A package with an absolute path is a dependency from elsewhere, unless it is a member that lies beside the root.
fn outside(environment: &BuildEnvironment, claim: Option<PathBuf>) -> Result<Standing, Error> {
    let package = &environment.package;
    if let Some(claim) = claim {
        // As somebody's dependency it still belongs to its own workspace.
        return own(environment, claim).map(|_| Standing::Foreign);
    }
    if in_directory_source(environment)? {
        return Ok(Standing::Foreign);
    }
    let Ok(root) = environment.own_workspace() else { return Ok(Standing::Foreign) };
    if package.starts_with(&root) || !root.join(manifest::FILE_NAME).is_file() {
        return Ok(Standing::Foreign);
    }
    let member = lists(&root, &observe::read_manifest(&root)?, package, &environment.name);
    Ok(if member { Standing::Own(root) } else { Standing::Foreign })
}

/// The workspace that lists the package, if cargo agrees.
fn own(environment: &BuildEnvironment, claim: PathBuf) -> Result<Standing, Error> {
    let root = environment.own_workspace()?;
    if root == claim { Ok(Standing::Own(claim)) } else { Err(two_roots(&claim, &root)) }
}

fn two_roots(claim: &Path, root: &Path) -> Error {
    let what = format!(
        "`{}` lists this package, and cargo takes `{}` for its workspace root",
        claim.join(manifest::FILE_NAME).display(),
        root.display()
    );
    Error::unclear(what, "remove the workspace root or the manifest that does not belong there")
}

fn listed_by(root: PathBuf) -> Result<Standing, Error> {
    if root.join(manifest::FILE_NAME).exists() {
        Ok(Standing::Own(root))
    } else {
        Err(observe::no_manifest(&root))
    }
}

fn in_cargo_home(package: &Path, cargo_home: &Path) -> bool {
    let home = cargo_home.canonicalize().unwrap_or_else(|_| cargo_home.to_owned());
    package.starts_with(home.join("registry/src")) || package.starts_with(home.join("git/checkouts"))
}

/// Whether the package lies in a directory source of a configuration that may be in force, as `cargo vendor` lays it.
fn in_directory_source(environment: &BuildEnvironment) -> Result<bool, Error> {
    if !environment.package.join(".cargo-checksum.json").is_file() {
        return Ok(false);
    }
    let root = environment.starts.first().unwrap_or(&environment.package);
    let configuration = Configuration::read(&environment.surroundings(root))?;
    Ok(configuration.views.iter().flat_map(View::directories).any(|directory| {
        let directory = directory.canonicalize().unwrap_or(directory);
        environment.package.parent() == Some(&directory)
    }))
}

/// `cargo package` and `cargo publish` build the packed package in `BUILD_DIR/package/NAME-VERSION`, and share that very
/// directory (`ops/cargo_package/verify.rs`). A checkout in a folder that is called `package` is no such thing.
fn is_trial_build(environment: &BuildEnvironment) -> bool {
    let BuildEnvironment { package, name, version, out_dir, target, .. } = environment;
    let base = poison::places(out_dir, target).and_then(|(base, _)| base.canonicalize().ok());
    let trial = base.map(|base| base.join("package").join(format!("{name}-{version}")));
    trial.as_ref() == Some(package) && is_unpacked(package)
}

/// Unpacked from an archive, and nothing around it tells of a gate: a policy without its manifest is no such thing.
fn is_alone(package: &Path) -> bool {
    is_unpacked(package) && !package.ancestors().any(|folder| folder.join(POLICY).exists())
}

/// What cargo packs carries its original manifest; a repository never lies around it.
fn is_unpacked(package: &Path) -> bool {
    package.join("Cargo.toml.orig").is_file() && !package.join(".git").exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_root_is_implied_by_the_path_of_the_script() {
        let base = tempfile::tempdir().expect("a directory");
        let root = base.path().canonicalize().expect("a path");
        let package = root.join("crates/a");
        fs::create_dir_all(package.join("crates/a/build")).expect("directories");
        fs::create_dir_all(package.join("build")).expect("directories");
        for file in ["build.rs", "build/main.rs", "crates/a/build.rs"] {
            fs::write(package.join(file), "").expect("a file");
        }
        for caller in ["crates/a/build.rs", "crates/a/build/main.rs"] {
            assert_eq!(implied_root(&package, Path::new(caller)), Some(root.clone()), "{caller}");
        }
        assert_eq!(implied_root(&package, Path::new("build.rs")), Some(package.clone()));
        assert_eq!(implied_root(&package, Path::new("other/build.rs")), None);
        assert_eq!(implied_root(&package, &package.join("build.rs")), None);
    }
}
