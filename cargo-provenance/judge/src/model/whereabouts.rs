//! Where the workspace lies in its repository, for reports that name files to other people's programs.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use provenance_build::PackageId;

/// The place of a workspace, and of its packages in its lockfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// The root of the repository, absolute.
    pub repository: PathBuf,
    /// The root of the workspace, absolute.
    pub root: PathBuf,
    /// The lines of `Cargo.lock` that the packages' entries begin at.
    pub locked: BTreeMap<PackageId, u32>,
}

/// A file as other programs name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// In the repository: the path from its root, `/`-separated.
    Inside(String),
    /// Elsewhere.
    Outside(PathBuf),
}

impl Whereabouts {
    /// Where a file is that is given relative to the workspace root, or absolute.
    pub fn of(&self, file: &Path) -> Spot {
        let whole = plain(&self.root.join(file));
        let inside = whole.strip_prefix(&self.repository).ok().filter(|inside| !inside.has_root());
        let Some(inside) = inside else { return Spot::Outside(whole) };
        let names = inside.components().map(|component| component.as_os_str().to_string_lossy());
        Spot::Inside(names.collect::<Vec<_>>().join("/"))
    }
}

/// A path without `.` and `..`, as far as its text goes.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_root_of_the_repository() {
        let inside = |text: &str| Spot::Inside(text.to_owned());
        let nested = Whereabouts {
            repository: "/repo".into(),
            root: "/repo/rust/app".into(),
            ..Whereabouts::default()
        };
        for (file, expected) in [
            ("Cargo.lock", inside("rust/app/Cargo.lock")),
            (".cargo/config.toml", inside("rust/app/.cargo/config.toml")),
            ("../../.cargo/config.toml", inside(".cargo/config.toml")),
            ("/repo/.cargo/config.toml", inside(".cargo/config.toml")),
            ("../../../etc/x", Spot::Outside("/etc/x".into())),
            ("/home/me/.cargo/config.toml", Spot::Outside("/home/me/.cargo/config.toml".into())),
            ("/repository/x", Spot::Outside("/repository/x".into())),
        ] {
            assert_eq!(nested.of(Path::new(file)), expected, "{file}");
        }
        assert_eq!(Whereabouts::default().of(Path::new("Cargo.lock")), inside("Cargo.lock"));
        assert_eq!(Whereabouts::default().of(Path::new("/x")), Spot::Outside("/x".into()));
    }
}
