//! Which toolchain compiles here: what it says of itself, and the digests of its files.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use provenance_build::threads;

use super::Error;
use crate::model::Surroundings;
use crate::store;

/// A toolchain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// The lines of `rustc -vV`.
    pub rustc: Vec<String>,
    /// The lines of `cargo -vV`.
    pub cargo: Vec<String>,
    /// The platform that it runs on.
    pub host: String,
    sysroot: PathBuf,
}

impl Toolchain {
    /// Asks cargo and the rustc that it would call: `rustc` is the one of the environment or the configuration, where there is one.
    pub fn ask(surroundings: &Surroundings, rustc: Option<&OsStr>) -> Result<Self, Error> {
        let rustc = rustc.unwrap_or(OsStr::new("rustc"));
        let ask = |program: &OsStr, arguments: &[&str]| lines(surroundings, program, arguments);
        let cargo = ask(&surroundings.cargo, &["-vV"])?;
        let said = ask(rustc, &["-vV"])?;
        let host = said.iter().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let sysroot = ask(rustc, &["--print", "sysroot"])?.into_iter().next().unwrap_or_default();
        Ok(Self { rustc: said, cargo, host, sysroot: sysroot.into() })
    }

    /// The programs and libraries that compile for `targets`, by their paths in the toolchain, with SHA-256. What cannot be read
    /// is left out.
    pub fn components(&self, targets: &[&str]) -> Vec<(String, String)> {
        let mut files = ["rustc", "cargo"]
            .map(|program| format!("bin/{program}{}", std::env::consts::EXE_SUFFIX))
            .to_vec();
        let libraries = self.files("lib").into_iter().chain(self.files("bin"));
        files.extend(libraries.filter(|file| {
            let name = file.rsplit('/').next().unwrap_or(file);
            name.starts_with("librustc_driver")
                || name.starts_with("rustc_driver")
                || name.starts_with("libLLVM")
        }));
        for target in targets {
            files.extend(self.files(&format!("lib/rustlib/{target}/lib")));
        }
        files.sort();
        files.dedup();
        let digests = threads::map(&files, |file| store::sha256_of(&self.sysroot.join(file)).ok());
        files.into_iter().zip(digests).filter_map(|(file, digest)| Some((file, digest?.hex()))).collect()
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.sysroot.join(folder)).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.path().is_file());
        files.map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy())).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "this layer starts cargo, and rustc as cargo would")]
fn lines(surroundings: &Surroundings, program: &OsStr, arguments: &[&str]) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Missing { program: program.to_string_lossy().into_owned(), source };
    let program: OsString = match Path::new(program).components().count() {
        0 | 1 => program.to_owned(),
        _ => surroundings.directory.join(program).into(),
    };
    let mut command = Command::new(program);
    let output = command
        .args(arguments)
        .current_dir(&surroundings.directory)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
