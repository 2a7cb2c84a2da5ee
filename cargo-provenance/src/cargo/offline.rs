//! Whether cargo's configuration keeps the network out: what is not fetched by cargo keeps to that, too.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::shadow::configuration;
use super::workspace::{read_text, real};

/// The key.
const KEY: [&str; 2] = ["net", "offline"];

/// What keeps the network out of a cargo that is started in `directory`, if anything does: the file and line of `net.offline`, or a
/// file that nobody can read, and cargo cannot either.
pub fn offline(directory: &Path, cargo_home: &Path) -> Option<String> {
    let home = real(cargo_home);
    let above = directory.ancestors().map(|directory| directory.join(".cargo")).collect::<Vec<_>>();
    let is_seen = above.iter().any(|folder| real(folder) == home);
    // The nearest file that says anything decides, and the one without an extension goes before the other.
    for folder in above.into_iter().chain((!is_seen).then_some(home)) {
        let files = ["config", "config.toml"].map(|name| folder.join(name));
        let Some(file) = files.into_iter().find(|file| file.is_file()) else { continue };
        match said(&file) {
            Ok(None) => {}
            Ok(Some((is_offline, file, line))) => {
                return is_offline.then(|| format!("`net.offline` in `{}`, line {line}", file.display()));
            }
            Err(_) => return Some(format!("`{}`, which cannot be read", file.display())),
        }
    }
    None
}

/// What a file says, or what it includes, the last first: as cargo reads them.
fn said(file: &Path) -> Result<Option<(bool, PathBuf, usize)>, Error> {
    let mut open = vec![file.to_owned()];
    let mut read = 0;
    while let Some(file) = open.pop() {
        read += 1;
        if read > provenance_build::limits::CONFIG_INCLUDES {
            return Err(Error::unacceptable(&file, "too many configuration files include each other"));
        }
        let text = read_text(&file)?;
        let document = text.parse::<toml_edit::Document<String>>();
        let document = document.map_err(|error| Error::unacceptable(&file, error.message().to_owned()))?;
        let item = KEY.iter().try_fold(document.as_item(), |item, key| item.get(key));
        if let Some(item) = item {
            let odd = || Error::unacceptable(&file, "`net.offline` is neither `true` nor `false`");
            let is_offline = item.as_bool().ok_or_else(odd)?;
            let before = item.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            return Ok(Some((is_offline, file, before.matches('\n').count() + 1)));
        }
        let includes = configuration::said(&text, &file)?.includes;
        open.extend(includes.into_iter().filter(|file| file.is_file()));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        fs::create_dir_all(place.path().join("a/b")).expect("made");
        place
    }

    #[test]
    fn the_nearest_file_decides_as_it_does_for_cargo() {
        const ON: &str = "\n[net]\noffline = true\n";
        const OFF: &str = "net.offline = false\n";
        for (files, expected) in [
            (&[][..], None),
            (&[("home/config.toml", ON)][..], Some("home/config.toml`, line 3")),
            (
                &[("home/config", "net = { offline = true }\n"), ("home/config.toml", OFF)],
                Some("home/config`, line 1"),
            ),
            (&[("home/config.toml", ON), ("a/.cargo/config.toml", OFF)], None),
            (
                &[("a/.cargo/config.toml", ON), ("a/b/.cargo/config.toml", "[net]\nretry = 1\n")],
                Some("a/.cargo/config.toml`, line 3"),
            ),
            (
                &[
                    ("a/.cargo/config.toml", "include = [\"x.toml\", \"y.toml\"]\n"),
                    ("a/.cargo/x.toml", OFF),
                    ("a/.cargo/y.toml", ON),
                ],
                Some("a/.cargo/y.toml`, line 3"),
            ),
            (
                &[("a/.cargo/config.toml", &format!("include = \"x.toml\"\n{OFF}")), ("a/.cargo/x.toml", ON)],
                None,
            ),
            (&[("b/.cargo/config.toml", ON)], None),
            // What cannot be read lets nothing out.
            (&[("home/config.toml", "[net\n")], Some("home/config.toml`, which cannot be read")),
            (&[("home/config.toml", "net.offline = \"yes\"\n")], Some("which cannot be read")),
            (&[("home/config.toml", "include = \"config.toml\"\n")], Some("which cannot be read")),
        ] {
            let place = place(files);
            let found = offline(&place.path().join("a/b"), &place.path().join("home"));
            assert_eq!(found.is_some(), expected.is_some(), "{files:?} {found:?}");
            assert!(found.unwrap_or_default().ends_with(expected.unwrap_or_default()), "{files:?}");
        }
    }
}
