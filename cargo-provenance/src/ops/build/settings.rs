//! What cargo's configuration and environment say of how it builds here, as far as running cargo under the guard must know.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use provenance_build::config::Setting;

use crate::collect::gate::Gate;
use crate::model::Surroundings;

/// `build.target-dir`, which counts from the folder that holds `.cargo`.
pub(super) fn target_directory(gate: &Gate) -> PathBuf {
    match setting(gate, "build.target-dir") {
        Some((setting, value)) => base(setting).join(value),
        None => gate.root.join("target"),
    }
}

/// The wrapper that cargo would have called: the environment's, then the configuration's.
pub(super) fn inner_wrapper(surroundings: &Surroundings, gate: &Gate, guard: &str) -> Option<OsString> {
    let of_environment = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"].into_iter().find_map(|name| {
        let found = surroundings.overrides.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| OsString::from(value))
    });
    let of_configuration = || {
        let (setting, value) = setting(gate, "build.rustc-wrapper")?;
        // A bare name is looked for in `PATH`.
        Some(match value.contains(['/', '\\']) {
            true => base(setting).join(value).into_os_string(),
            false => value.into(),
        })
    };
    let inner = of_environment.or_else(of_configuration)?;
    (Path::new(&inner).file_stem() != Some(guard.as_ref())).then_some(inner)
}

// A setting of text: the workspace root's, then another one's of the repository, then one from outside.
pub(super) fn setting<'g>(gate: &'g Gate, key: &str) -> Option<(&'g Setting, String)> {
    let configuration = &gate.seen.configuration;
    let elsewhere = format!("#{key}");
    let others =
        configuration.recorded.iter().filter(|(name, _)| name.ends_with(&elsewhere)).map(|(_, found)| found);
    let outside = configuration.outside.iter().filter(|setting| setting.key == key);
    let found = configuration.recorded.get(key).into_iter().chain(others).chain(outside).next()?;
    let value = found.value.parse::<toml_edit::Value>().ok()?;
    Some((found, value.as_str().filter(|value| !value.is_empty())?.to_owned()))
}

fn base(setting: &Setting) -> PathBuf {
    setting.file.parent().and_then(Path::parent).unwrap_or(Path::new("")).to_owned()
}
