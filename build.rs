//! Bundles what the browser needs and writes it where `src/web/assets.rs` includes it.
//!
//! esbuild (pinned in `assets/package-lock.json`) bundles and minifies one script and one style sheet; icons and
//! fonts are copied. The SHA-256 of the result is part of every address, so that browsers may keep the files for ever.
//! Nothing here writes a path of this machine into the program: no source maps, and contents by `include_bytes!`.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

/// Bundled or copied files: name, media type, and the source under `assets/` or in `node_modules`.
const SCRIPT: (&str, &str) = ("main.js", "text/javascript; charset=utf-8");
const STYLE: (&str, &str) = ("main.css", "text/css; charset=utf-8");
const ICONS: [(&str, &str); 4] = [
    ("favicon.svg", "image/svg+xml"),
    ("touch.png", "image/png"),
    ("mask.png", "image/png"),
    ("app.webmanifest", "application/manifest+json"),
];
/// Emoji by name, fetched when the first name is begun.
const EMOJI: (&str, &str) = ("emoji.txt", "text/plain; charset=utf-8");
/// Fonts: the name `assets/css/fonts.css` uses, and the file among the packages.
const FONTS: [(&str, &str); 19] = [
    ("serif-latin.woff2", "source-serif-4/files/source-serif-4-latin-opsz-normal.woff2"),
    ("serif-latin-ext.woff2", "source-serif-4/files/source-serif-4-latin-ext-wght-normal.woff2"),
    ("serif-greek.woff2", "source-serif-4/files/source-serif-4-greek-wght-normal.woff2"),
    ("serif-cyrillic.woff2", "source-serif-4/files/source-serif-4-cyrillic-wght-normal.woff2"),
    ("serif-cyrillic-ext.woff2", "source-serif-4/files/source-serif-4-cyrillic-ext-wght-normal.woff2"),
    ("serif-vietnamese.woff2", "source-serif-4/files/source-serif-4-vietnamese-wght-normal.woff2"),
    ("serif-latin-italic.woff2", "source-serif-4/files/source-serif-4-latin-opsz-italic.woff2"),
    ("serif-latin-ext-italic.woff2", "source-serif-4/files/source-serif-4-latin-ext-wght-italic.woff2"),
    ("serif-greek-italic.woff2", "source-serif-4/files/source-serif-4-greek-wght-italic.woff2"),
    ("serif-cyrillic-italic.woff2", "source-serif-4/files/source-serif-4-cyrillic-wght-italic.woff2"),
    ("serif-cyrillic-ext-italic.woff2", "source-serif-4/files/source-serif-4-cyrillic-ext-wght-italic.woff2"),
    ("serif-vietnamese-italic.woff2", "source-serif-4/files/source-serif-4-vietnamese-wght-italic.woff2"),
    ("sans-latin.woff2", "inter/files/inter-latin-wght-normal.woff2"),
    ("sans-latin-ext.woff2", "inter/files/inter-latin-ext-wght-normal.woff2"),
    ("sans-greek.woff2", "inter/files/inter-greek-wght-normal.woff2"),
    ("sans-greek-ext.woff2", "inter/files/inter-greek-ext-wght-normal.woff2"),
    ("sans-cyrillic.woff2", "inter/files/inter-cyrillic-wght-normal.woff2"),
    ("sans-cyrillic-ext.woff2", "inter/files/inter-cyrillic-ext-wght-normal.woff2"),
    ("sans-vietnamese.woff2", "inter/files/inter-vietnamese-wght-normal.woff2"),
];
/// What else is inside the program under a licence of its own: heading, and the file among the packages.
const NOTICES: [(&str, &str); 3] = [
    ("htmx.org (inside main.js)", "htmx.org/LICENSE"),
    ("Source Serif 4 (the serif-*.woff2 files)", "@fontsource-variable/source-serif-4/LICENSE"),
    ("Inter (the sans-*.woff2 files)", "@fontsource-variable/inter/LICENSE"),
];
const LICENSES: (&str, &str) = ("licenses.txt", "text/plain; charset=utf-8");

fn main() {
    for input in [
        "assets/js",
        "assets/css",
        "assets/icons",
        "assets/emoji",
        "assets/words",
        "assets/package-lock.json",
        "templates",
        "build.rs",
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rerun-if-env-changed=LLAMORA_NODE_MODULES");
    if let Err(message) = bundle() {
        // What cargo shows of a failed build script is its standard error.
        let _ = writeln!(std::io::stderr(), "\n{message}\n");
        #[allow(
            clippy::disallowed_methods,
            reason = "a build script holds no keys and has nothing to close"
        )]
        std::process::exit(1);
    }
}

fn bundle() -> Result<(), String> {
    let root =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo did not say where the package is")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not say where to write")?).join("bundle");
    let assets = root.join("assets");
    let modules = node_modules(&assets)?;
    fs::create_dir_all(&out).map_err(|error| format!("cannot create the folder of the bundle: {error}"))?;

    esbuild(&modules, &assets.join("js/main.js"), &out, SCRIPT.0, &["--format=iife", "--target=es2022"])?;
    // Fonts lie beside the style sheet under the names it uses.
    esbuild(&modules, &assets.join("css/layers.css"), &out, STYLE.0, &["--external:*.woff2"])?;
    for (name, _) in ICONS {
        copy(&assets.join("icons").join(name), &out.join(name))?;
    }
    for (name, file) in FONTS {
        copy(&modules.join("@fontsource-variable").join(file), &out.join(name))?;
    }
    copy(&assets.join("emoji/names.txt"), &out.join(EMOJI.0))?;
    let mut licenses = Vec::new();
    for (heading, file) in NOTICES {
        licenses.extend(format!("{heading}\n{}\n\n", "=".repeat(heading.len())).into_bytes());
        licenses.extend(read(&modules.join(file))?);
        licenses.extend(b"\n\n");
    }
    licenses.extend(
        b"Word list of passphrases (inside the program)\n=============================================\n\n",
    );
    licenses.extend(read(&assets.join("words/NOTICE.txt"))?);
    fs::write(out.join(LICENSES.0), licenses)
        .map_err(|error| format!("cannot write the licenses: {error}"))?;

    let fonts = FONTS.map(|(name, _)| (name, "font/woff2"));
    let files: Vec<_> =
        [SCRIPT, STYLE].into_iter().chain(ICONS).chain(fonts).chain([EMOJI, LICENSES]).collect();
    write_table(&out, &files)
}

/// The folder with esbuild, htmx and the fonts: `assets/node_modules`, or the one that `LLAMORA_NODE_MODULES` names.
fn node_modules(assets: &Path) -> Result<PathBuf, String> {
    let modules =
        env::var_os("LLAMORA_NODE_MODULES").map_or_else(|| assets.join("node_modules"), PathBuf::from);
    for needed in [
        "esbuild/bin/esbuild",
        "htmx.org/dist/htmx.esm.js",
        "@fontsource-variable/inter",
        "@fontsource-variable/source-serif-4",
    ] {
        if !modules.join(needed).exists() {
            return Err(format!(
                "The web bundle needs {needed}, and node_modules is missing or incomplete.\n\
                 Run `make web` once (it runs `npm ci` in assets/), or set LLAMORA_NODE_MODULES to a folder that has it."
            ));
        }
    }
    Ok(modules)
}

fn esbuild(modules: &Path, input: &Path, out: &Path, name: &str, options: &[&str]) -> Result<(), String> {
    let program = modules.join(if cfg!(windows) { ".bin/esbuild.cmd" } else { ".bin/esbuild" });
    let output = Command::new(program)
        .arg(input)
        .args(["--bundle", "--minify", "--charset=utf8", "--legal-comments=external", "--log-level=warning"])
        .arg(format!("--outfile={}", out.join(name).display()))
        .args(options)
        .env("NODE_PATH", modules)
        .output()
        .map_err(|error| format!("esbuild did not start (is Node.js installed?): {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("esbuild could not bundle {name}:\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// Writes `table.rs`: the hash of the whole bundle, and each file's name, media type and bytes.
fn write_table(out: &Path, files: &[(&str, &str)]) -> Result<(), String> {
    let mut hash = Sha256::new();
    let mut table = String::new();
    for (name, media_type) in files {
        let bytes = read(&out.join(name))?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(&bytes);
        table.push_str(&format!(
            "    ({name:?}, {media_type:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/bundle/{name}\"))),\n"
        ));
    }
    let hex: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let text = format!(
        "/// First 16 hex digits of the SHA-256 of the bundle; part of every address.\n\
         pub const HASH: &str = {hex:?};\n\
         static FILES: &[(&str, &str, &[u8])] = &[\n{table}];\n"
    );
    fs::write(out.join("table.rs"), text).map_err(|error| format!("cannot write the table of files: {error}"))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(|_| ()).map_err(|error| format!("cannot copy {}: {error}", from.display()))
}
