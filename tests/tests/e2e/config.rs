//! Attacks through committed cargo configuration: settings that run or swap code.

use tests::files;
use tests::project::{CLEAN, EVIL, refused};
use tests::sandbox::host;
use tests::{Krate, Project, Sandbox};

/// The honest and the gated project, which is committed and was built. Both hold the attacker's tools: a mark is left
/// whenever one runs.
fn pair(sandbox: &Sandbox) -> (Project<'_>, Project<'_>) {
    let plain = Project::app(sandbox, "plain");
    let gated = Project::app(sandbox, "gated");
    for project in [plain, gated] {
        let mark = project.path("mark");
        let mark = mark.display();
        files::script(&project.path("evil/rustc"), &format!("touch {mark}\nexec rustc \"$@\""));
        files::script(&project.path("evil/wrapper"), &format!("touch {mark}\nexec \"$@\""));
        files::script(&project.path("evil/linker"), &format!("touch {mark}\nexec cc \"$@\""));
        files::script(&project.path("evil/runner"), "echo EVIL");
        files::write(&project.path(".gitignore"), "/target\n/mark\n");
    }
    let gated = gated.gate();
    gated.is_clean();
    gated.commit("gated");
    (plain, gated)
}

/// Adds `text` as configuration, sees plain cargo run the attacker's tool, and the gate refuse and name `key`.
fn leaves_a_mark(sandbox: &Sandbox, variants: &[String], key: &str) {
    let (plain, gated) = pair(sandbox);
    for text in variants {
        for project in [plain, gated] {
            files::write(&project.path(".cargo/config.toml"), text);
        }
        files::append(&plain.path("src/main.rs"), "// changed\n");
        plain.cargo(["build", "--quiet"]).ok();
        assert!(plain.path("mark").exists(), "the attacker's tool did not run: {text}");
        files::remove(&plain.path("mark"));
        gated.refuses(key);
        gated.restore();
    }
    gated.is_clean();
}

#[test]
fn rustc_in_committed_configuration() {
    let sandbox = Sandbox::new();
    leaves_a_mark(&sandbox, &["[build]\nrustc = \"evil/rustc\"\n".into()], "build.rustc");
}

#[test]
fn rustc_wrapper_in_committed_configuration() {
    let sandbox = Sandbox::new();
    leaves_a_mark(&sandbox, &["[build]\nrustc-wrapper = \"evil/wrapper\"\n".into()], "build.rustc-wrapper");
}

#[test]
fn rustc_workspace_wrapper_in_committed_configuration() {
    let sandbox = Sandbox::new();
    let text = "[build]\nrustc-workspace-wrapper = \"evil/wrapper\"\n".into();
    leaves_a_mark(&sandbox, &[text], "build.rustc-workspace-wrapper");
}

#[test]
fn linker_in_committed_configuration() {
    let sandbox = Sandbox::new();
    let variants = [
        format!("[target.{}]\nlinker = \"evil/linker\"\n", host()),
        "[target.'cfg(all())']\nlinker = \"evil/linker\"\n".into(),
    ];
    leaves_a_mark(&sandbox, &variants, "linker");
}

#[test]
fn configuration_keys_written_quoted_dotted_or_escaped() {
    let sandbox = Sandbox::new();
    let variants = [
        "build.rustc = \"evil/rustc\"\n",
        "\"build\".\"rustc\" = \"evil/rustc\"\n",
        "'build'.rustc = 'evil/rustc'\n",
        "\"b\\u0075ild\" = { \"rust\\U00000063\" = \"evil/rustc\" }\n",
        "[ \"build\" ]\n\"rustc\" = \"\"\"evil/rustc\"\"\"\n",
        "[build]\nrustc\t=\t\"\\u0065vil/rustc\" # harmless\n",
        "include = [\"more.toml\"]\n",
        "include = [{ path = \"more.toml\", optional = true }]\n",
    ];
    let variants: Vec<String> = variants.iter().map(|&it| it.to_owned()).collect();
    let (plain, gated) = pair(&sandbox);
    for text in &variants {
        for project in [plain, gated] {
            files::write(&project.path(".cargo/more.toml"), "build = { rustc = \"evil/rustc\" }\n");
            files::write(&project.path(".cargo/config.toml"), text);
        }
        files::append(&plain.path("src/main.rs"), "// changed\n");
        plain.cargo(["build", "--quiet"]).ok();
        assert!(plain.path("mark").exists(), "the attacker's tool did not run: {text}");
        files::remove(&plain.path("mark"));
        gated.refuses("build.rustc");
        gated.restore();
    }
    gated.is_clean();
}

#[test]
fn configuration_of_the_old_name() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    for project in [plain, gated] {
        files::write(&project.path(".cargo/config"), "build.rustc = \"evil/rustc\"\n");
    }
    plain.cargo(["build", "--quiet"]).ok();
    assert!(plain.path("mark").exists(), "the attacker's tool did not run");
    gated.refuses("build.rustc");

    gated.restore();
    gated.is_clean();
}

#[test]
fn configuration_in_a_members_directory() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    for project in [plain, gated] {
        for (path, content) in Krate::greeting("victim", "1.0.0", EVIL).all_files() {
            files::write(&project.path("evil/victim").join(path), content);
        }
        // Cargo started in `src` reads it, cargo started at the root does not.
        files::write(&project.path("src/.cargo/config.toml"), "paths = [\"../evil/victim\"]\n");
    }
    let below =
        |project: Project<'_>, command| project.cargo([command, "--quiet"]).directory(&project.path("src"));
    below(plain, "run").ok().stdout_has(EVIL);
    sandbox.provenance(&gated.path("src")).args(["verify"]).run().code(4).stderr_has("paths");
    // Cargo cannot watch a file that was not there when it last built: what is built anew is refused.
    gated.fresh_target();
    refused(below(gated, "build"), "victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn runner_in_committed_configuration() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    for project in [plain, gated] {
        files::write(
            &project.path(".cargo/config.toml"),
            format!("target.{}.runner = \"evil/runner\"\n", host()),
        );
    }
    plain.says(EVIL);
    gated.refuses("runner");

    gated.restore();
    gated.is_clean();
}

#[test]
fn environment_in_committed_configuration() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    for project in [plain, gated] {
        let tool = project.path("evil/wrapper");
        files::write(
            &project.path(".cargo/config.toml"),
            format!("[env]\nRUSTC_WRAPPER = {tool:?}\nSAID = \"EVIL\"\n"),
        );
        files::write(&project.path("src/main.rs"), "fn main() { println!(\"{}\", env!(\"SAID\")) }");
    }
    plain.says(EVIL);
    gated.refuses("env");

    gated.restore();
    gated.is_clean();
}

#[test]
fn links_override_in_committed_configuration() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(
        &Krate::new("victim", "1.0.0")
            .links("victim")
            .build_script("fn main() { println!(\"cargo::rustc-env=SAID=clean\"); }")
            .file("src/lib.rs", "pub fn greeting() -> &'static str { env!(\"SAID\") }"),
    );
    let make = |name| Project::greeter(&sandbox, name, "victim = \"1\"", "victim::greeting()");
    let plain = make("plain");
    let gated = make("gated").gate();
    gated.is_clean();
    gated.commit("gated");

    for project in [plain, gated] {
        let text = format!("[target.{}.victim]\nrustc-env = {{ SAID = \"EVIL\" }}\n", host());
        files::write(&project.path(".cargo/config.toml"), text);
    }
    plain.says(EVIL);
    gated.refuses("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn links_on_the_gated_package() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    gated.commit("gated");

    files::replace(&gated.path("Cargo.toml"), "edition = ", "links = \"app\"\nedition = ");
    gated.build_refuses("links");
    gated.fresh_target();
    gated.build_refuses("links");
    // With an override the helper would not even run, so that only `verify` can tell.
    files::write(&gated.path(".cargo/config.toml"), format!("[target.{}.app]\nrustc-cfg = []\n", host()));
    gated.says(CLEAN);
    gated.verify_finds("app");

    gated.restore();
    gated.is_clean();
}

#[test]
fn alias_provenance_in_committed_configuration() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    let tool = tests::sandbox::provenance_binary();
    let tools = tool.parent().expect("a directory").to_str().expect("UTF-8");
    let path = format!("{}:{tools}", sandbox.tools().display());
    for project in [plain, gated] {
        files::write(
            &project.path(".cargo/config.toml"),
            "[alias]\nprovenance = [\"run\", \"--quiet\", \"--\"]\n",
        );
    }
    files::write(&plain.path("src/main.rs"), "fn main() { println!(\"EVIL: 2 packages match\") }");
    plain.cargo(["provenance", "verify"]).env("PATH", &path).ok().stdout_has(EVIL);
    gated.refuses("alias.provenance");

    gated.restore();
    gated.is_clean();
    gated.cargo(["provenance", "verify"]).env("PATH", &path).ok();
}

#[test]
fn toolchain_file_with_a_path() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    for project in [plain, gated] {
        files::script(&project.path("evil/toolchain/bin/cargo"), "echo EVIL");
        files::script(&project.path("evil/toolchain/bin/rustc"), "echo EVIL");
    }
    // Only rustup's proxies act on the file; where there is no rustup there is nothing to attack.
    if let Some(rustup) = tests::sandbox::rustup_proxy("cargo") {
        let toolchain = plain.path("evil/toolchain");
        let text = format!("[toolchain]\npath = {toolchain:?}\n");
        files::write(&plain.path("rust-toolchain.toml"), &text);
        let run = sandbox.run(&rustup, &plain.root()).args(["provenance", "verify"]);
        run.env("RUSTUP_HOME", sandbox.home().join("rustup")).ok().stdout_has(EVIL);
    }
    let text = format!("[toolchain]\npath = {:?}\n", gated.path("evil/toolchain"));
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        files::write(&gated.path(name), &text);
        gated.verify_finds("toolchain");
        // Where rustup acts on it the attacker's cargo builds, which asks no helper; elsewhere it changes nothing, and
        // so it has to be noticed only when something is built.
        gated.fresh_target();
        gated.build_refuses("toolchain");
        gated.restore();
    }
    gated.is_clean();
}

#[test]
fn a_recorded_setting_that_changes() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated");
    files::write(&gated.path(".cargo/config.toml"), "[build]\nrustflags = [\"--cfg\", \"honest\"]\n");
    sandbox.seed_target(&gated.path("target"));
    gated.cargo(["generate-lockfile"]).ok();
    gated.init([]).code(0);
    gated.is_clean();
    let manifest = files::read(&gated.path("Provenance.lock"));
    assert!(manifest.contains("\"build.rustflags\" = "), "{manifest}");

    files::replace(&gated.path(".cargo/config.toml"), "honest", "evil");
    gated.refuses("build.rustflags");
    gated.provenance(["pin"]).ok();
    gated.is_clean();
}

#[test]
fn settings_that_change_nothing_are_left_alone() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    files::write(
        &gated.path(".cargo/config.toml"),
        "[net]\nretry = 1\n[term]\nquiet = false\n[profile.dev]\ndebug = 0\n",
    );
    gated.is_clean();
}

#[test]
fn short_forms_of_cargos_own_commands_in_committed_configuration() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    for project in [plain, gated] {
        files::write(&project.path(".cargo/config.toml"), "[alias]\nb = [\"run\", \"--quiet\"]\n");
    }
    files::write(&plain.path("src/main.rs"), "fn main() { println!(\"EVIL\") }");
    plain.cargo(["b"]).ok().stdout_has(EVIL);
    gated.refuses("alias.b");

    gated.restore();
    gated.is_clean();
}
