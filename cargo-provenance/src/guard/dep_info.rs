//! What rustc read: its dep-info, looked at when it is done.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Refusal;
use super::inputs::{self, Outputs, Ruling, Territory};
use super::judge::Package;

/// Refuses what was compiled from files that its pin does not cover.
pub(super) fn check_inputs(
    package: &Package,
    territory: &Territory,
    dep_info: &Path,
    out_dir: Option<PathBuf>,
    sysroot_of: &dyn Fn() -> Option<PathBuf>,
) -> Result<(), Refusal> {
    let outputs = Outputs::new(out_dir, build_directory(dep_info));
    let mut sysroot = None;
    for input in inputs::read(&text(dep_info)?)? {
        // A file that is gone by now was made for this compilation; the folder it lay in says where it came from.
        let place = input.canonicalize().or_else(|_| folder_of(&input)).map_err(|error| {
            let what = format!("rustc read `{}`, which cannot be found: {error}", input.display());
            Refusal::new(what, "build again while nothing else changes the sources")
        })?;
        let (why, help) = match territory.rule(&place, &outputs) {
            Ruling::Fine => continue,
            Ruling::NotCovered => ("its pin does not cover that", "do not use this package"),
            Ruling::Outside => {
                let sysroot = sysroot.get_or_insert_with(sysroot_of);
                if sysroot.as_ref().is_some_and(|sysroot| place.starts_with(sysroot)) {
                    continue;
                }
                match territory {
                    Territory::Member { .. } => {
                        ("that lies outside the workspace", "move the file into the workspace")
                    }
                    Territory::Pinned { .. } => {
                        ("that lies outside its pinned sources", "look at how the package comes to read it")
                    }
                }
            }
        };
        let what = format!("`{} v{}` was compiled from more than its sources", package.name, package.version);
        return Err(Refusal::new(what, help).detail(format!("it includes `{}`: {why}", place.display())));
    }
    Ok(())
}

fn folder_of(input: &Path) -> io::Result<PathBuf> {
    let folder = input.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(folder.canonicalize()?.join(input.file_name().unwrap_or_default()))
}

// Cargo marks the directory that it builds in (`CACHEDIR.TAG`), unless that was there before. The folder of the profile, in
// which everything of this compilation lies, is known by what cargo puts there (the cargo book, "Build cache").
fn build_directory(dep_info: &Path) -> Option<PathBuf> {
    let folder = dep_info.parent()?.canonicalize().ok()?;
    // The outermost: a build directory of its own lies in the target directory.
    let marked = folder.ancestors().filter(|folder| folder.join("CACHEDIR.TAG").exists()).last();
    let is_of_profile =
        |folder: &&Path| ["build", "deps", "examples"].iter().any(|name| folder.ends_with(name));
    let profile = || folder.ancestors().find(is_of_profile).and_then(Path::parent);
    marked.or_else(profile).map(Path::to_owned)
}

/// The text of a file that cargo or rustc wrote.
pub(super) fn text(file: &Path) -> Result<String, Refusal> {
    let unreadable = |why: String| {
        Refusal::new(format!("could not read `{}`: {why}", file.display()), "run the build again")
    };
    let mut bytes = vec![];
    let opened = File::open(file).map_err(|error| unreadable(error.to_string()))?;
    opened.take(inputs::BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > inputs::BYTES {
        return Err(unreadable(format!("it has more than {} bytes", inputs::BYTES)));
    }
    String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))
}
