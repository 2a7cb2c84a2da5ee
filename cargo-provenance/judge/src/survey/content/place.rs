//! Where files lie: what a path means from another one, and what is only compiled for a package's own tests.

/// Folders whose sources cargo compiles only for the package's own tests, benchmarks and examples.
const OWN_TARGETS: &[&str] = &["benches", "examples", "tests"];
/// Names of folders that hold what tests need.
const FIXTURES: &[&str] = &[
    "bench",
    "benches",
    "corpus",
    "example",
    "examples",
    "fixture",
    "fixtures",
    "test",
    "test-data",
    "test_data",
    "testcrates",
    "testdata",
    "testing",
    "tests",
];

/// The folder of a file, without a slash at its end.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether cargo compiles the sources there only for the package's own targets.
pub(super) fn is_of_own_target(path: &str) -> bool {
    path.split_once('/').is_some_and(|(first, _)| OWN_TARGETS.contains(&first))
}

/// Whether a file lies where tests keep theirs.
pub(super) fn is_of_tests(path: &str) -> bool {
    folder(path).split('/').any(|part| FIXTURES.contains(&&*part.to_ascii_lowercase()))
}

/// Where a path leads from a folder: within the package, or so many folders above it. Nowhere that is known for one that does
/// not begin here at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Above(usize),
    Elsewhere,
    Within(String),
}

/// Where `file` lies as seen from `folder`.
pub(super) fn resolve(folder: &str, file: &str) -> Place {
    let is_drive = file.as_bytes().get(1) == Some(&b':');
    if file.starts_with(['/', '\\']) || is_drive {
        return Place::Elsewhere;
    }
    let mut parts = folder.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let (mut above, mut most) = (0, 0);
    for part in file.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    above += 1;
                    most = most.max(above);
                }
            }
            // Back into a folder whose name nobody knows here.
            part => parts.push(part),
        }
    }
    if most > 0 { Place::Above(most) } else { Place::Within(parts.join("/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_followed_from_the_folder_of_the_source() {
        let within = |path: &str| Place::Within(path.to_owned());
        for (folder, file, expected) in [
            ("src", "../README.md", within("README.md")),
            ("src/a", "b/./c.rs", within("src/a/b/c.rs")),
            ("", "x", within("x")),
            ("src", "../../x", Place::Above(1)),
            ("src", "..\\..\\..\\x", Place::Above(2)),
            ("src", "../../pkg/src/x.rs", Place::Above(1)),
            ("src", "/etc/passwd", Place::Elsewhere),
            ("src", "C:\\x", Place::Elsewhere),
            ("src", "\\\\server\\x", Place::Elsewhere),
        ] {
            assert_eq!(resolve(folder, file), expected, "{folder} {file}");
        }
    }

    #[test]
    fn tests_lie_in_folders_of_their_own() {
        assert!(is_of_own_target("tests/a/b.rs") && !is_of_own_target("src/tests/a.rs"));
        assert!(!is_of_own_target("tests"));
        assert!(is_of_tests("src/TestData/x") && !is_of_tests("src/tests.rs"));
    }
}
