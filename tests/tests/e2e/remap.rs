//! Attacks that make the gated package look like somebody's dependency, so that the helper leaves it alone.

use tests::files;
use tests::project::{EVIL, make_clean, make_evil, refused};
use tests::{Project, Sandbox};

/// Rewritings of the path of `build.rs`, which cargo hands to rustc relative to the workspace root. Few, because each
/// makes cargo compile the helper again.
fn rewritings(sandbox: &Sandbox) -> [String; 4] {
    let registry = sandbox.cargo_home().join("registry/src/index/app-0.1.0/build.rs");
    [
        format!("--remap-path-prefix=build.rs={}", registry.display()),
        "--remap-path-prefix=build.rs=vendor/app/build.rs".into(),
        "--remap-path-prefix=build.rs=".into(),
        "--remap-path-prefix==/somewhere/else/".into(),
    ]
}

#[test]
fn remap_path_prefix_in_the_environment() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    make_evil(&sandbox.source("victim-1.0.0"));

    plain.cargo(["run", "--quiet"]).env("RUSTFLAGS", &rewritings(&sandbox)[0]).ok().stdout_has(EVIL);
    for flags in &rewritings(&sandbox)[..3] {
        let output = gated.cargo(["build"]).env("RUSTFLAGS", flags).run();
        assert_ne!(output.exit_code(), Some(0), "not refused with {flags}: {output}");
        output.stderr_has("victim");
    }
    let encoded = rewritings(&sandbox)[3].clone() + "\u{1f}--cfg\u{1f}x";
    refused(gated.cargo(["build"]).env("CARGO_ENCODED_RUSTFLAGS", &encoded), "victim");

    make_clean(&sandbox.source("victim-1.0.0"));
    gated.cargo(["build"]).env("CARGO_ENCODED_RUSTFLAGS", &encoded).ok();
    gated.fresh_target();
    gated.is_clean();
}

#[test]
fn remap_path_prefix_in_committed_configuration() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    gated.commit("gated");
    let text = format!("[build]\nrustflags = [{:?}]\n", rewritings(&sandbox)[0]);
    for project in [plain, gated] {
        files::write(&project.path(".cargo/config.toml"), &text);
    }
    make_evil(&sandbox.source("victim-1.0.0"));

    plain.says(EVIL);
    gated.refuses("victim");
    make_clean(&sandbox.source("victim-1.0.0"));
    gated.refuses("build.rustflags");

    gated.restore();
    gated.is_clean();
}

#[test]
fn planted_packaging_files() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    gated.commit("gated");
    make_evil(&sandbox.source("victim-1.0.0"));
    for project in [plain, gated] {
        files::write(&project.path("Cargo.toml.orig"), files::read(&project.path("Cargo.toml")));
        files::write(
            &project.path(".cargo_vcs_info.json"),
            "{\"git\":{\"sha1\":\"0\"},\"path_in_vcs\":\"\"}",
        );
        files::write(&project.path(".cargo-checksum.json"), "{\"files\":{}}");
        files::write(&project.path(".cargo-ok"), "{\"v\":1}");
    }

    plain.says(EVIL);
    gated.refuses("victim");
    refused(gated.cargo(["build"]).env("RUSTFLAGS", &rewritings(&sandbox)[0]), "victim");
    // Without the manifest there is nothing to compare with: that is no reason to let anything pass.
    files::remove(&gated.path("Provenance.lock"));
    gated.build_refuses("Provenance.lock");
    gated.provenance(["verify"]).run().code_in(&[2, 3]).stderr_has("Provenance.lock");
    gated.fresh_target();
    gated.build_refuses("Provenance.lock");
}

#[test]
fn removed_manifest() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let manifest = files::read(&gated.path("Provenance.lock"));

    files::remove(&gated.path("Provenance.lock"));
    gated.build_refuses("Provenance.lock");
    gated.provenance(["verify"]).run().code_in(&[2, 3]).stderr_has("Provenance.lock");

    files::write(&gated.path("Provenance.lock"), manifest);
    gated.is_clean();
}

#[test]
fn a_gated_workspace_moved_below_another_one() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "outer/nested/gated").gate();
    gated.is_clean();
    // An honest manifest further up must not answer for this one.
    let outer = Project::greeter(&sandbox, "outer", "victim = \"1\"", "victim::greeting()");
    files::append(&outer.path("Cargo.toml"), "\n[workspace]\nexclude = [\"nested\"]\n");
    let outer = outer.gate();
    outer.is_clean();
    let honest = files::read(&gated.path("Provenance.lock"));
    files::remove(&gated.path("Provenance.lock"));
    gated.build_refuses("Provenance.lock");

    files::write(&gated.path("Provenance.lock"), honest);
    make_evil(&sandbox.source("victim-1.0.0"));
    gated.refuses("victim");
    outer.refuses("victim");
    make_clean(&sandbox.source("victim-1.0.0"));
    gated.is_clean();
    outer.is_clean();
}
