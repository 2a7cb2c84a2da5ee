//! The guard package: a small leaf of the workspace that every member depends on, so that one build script stops them
//! all.

use super::{BUILD_SCRIPT_LINE, HELPER_NAME, Spec, build_script_with};

/// The guard package's name and folder.
pub const GUARD_NAME: &str = "provenance-guard";

/// A file of the guard package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardFile {
    /// Its path inside the package, `/`-separated.
    pub path: &'static str,
    /// Its text.
    pub text: String,
}

/// The files of the guard package; `helper` says where it takes the helper from.
pub fn guard_files(helper: &Spec) -> Vec<GuardFile> {
    let dependency = helper.line(HELPER_NAME);
    let manifest = format!(
        "[package]\n\
         name = \"{GUARD_NAME}\"\n\
         version = \"0.0.0\"\n\
         edition = \"2021\"\n\
         publish = false\n\
         description = \"Every member of this workspace depends on it, and its build script refuses drifted sources\"\n\
         \n\
         [build-dependencies]\n\
         {dependency}\n"
    );
    let library = "//! Holds nothing: the build script of this package is what counts.\n\n#![no_std]\n";
    vec![
        GuardFile { path: "Cargo.toml", text: manifest },
        GuardFile { path: "build.rs", text: build_script_with(BUILD_SCRIPT_LINE) },
        GuardFile { path: "src/lib.rs", text: library.to_owned() },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helper::{TableName, has_dependency};

    #[test]
    fn the_guard_has_the_helper_as_its_build_dependency() {
        for spec in [Spec::Path("../../x \"y\"".into(), None), Spec::Version("0.1.0".into()), Spec::Workspace]
        {
            let files = guard_files(&spec);
            assert_eq!(has_dependency(&files[0].text, TableName::Build, HELPER_NAME), Ok(true));
        }
    }
}
