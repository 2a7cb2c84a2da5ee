//! The source that a lockfile would name for a registry that somebody calls by its name.

use provenance_build::Source;
use provenance_build::config::Configuration;
use provenance_build::name::CRATES_IO;

use super::Error;

/// The source of a registry, given by its name in cargo's configuration; `None` is crates.io.
pub fn source(configuration: &Configuration, registry: Option<&str>) -> Result<Source, Error> {
    let name = registry.unwrap_or("crates-io");
    let unknown = || Error::NoRegistry(name.to_owned());
    if name == "crates-io" {
        return Source::parse(CRATES_IO).ok_or_else(unknown);
    }
    let index = configuration.views.iter().find_map(|view| view.registries.get(name)).ok_or_else(unknown)?;
    let source = if index.starts_with("sparse+") { index.clone() } else { format!("registry+{index}") };
    Source::parse(&source).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_nobody_defined_is_named() {
        let error = source(&Configuration::default(), Some("typo")).expect_err("unknown");
        assert!(error.to_string().contains("`typo`"), "{error}");
        let source = source(&Configuration::default(), None).expect("crates.io");
        assert!(source.is_crates_io());
    }
}
