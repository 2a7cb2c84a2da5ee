//! Paths inside a package.

/// A path as the archive writes it: `/` between its parts, without `.` and `..`. `None` where it leaves the package.
pub(super) fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts = vec![];
    let absolute = path.starts_with('/');
    let folder = if absolute { "" } else { folder };
    for part in folder.split('/').chain(path.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The folder of a file; empty for one at the root.
pub(super) fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of a file without its folder and its extension.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(joined("src", "a/./b.rs").as_deref(), Some("src/a/b.rs"));
        assert_eq!(joined("src/x", "..\\b.rs").as_deref(), Some("src/b.rs"));
        assert_eq!(joined("", "../b.rs"), None);
        assert_eq!(joined("src", "../.."), None);
        assert_eq!(
            (folder("a/b/c.rs"), folder("c.rs"), stem("a/b.c.rs"), stem("x")),
            ("a/b", "", "b.c", "x")
        );
    }
}
