//! `llamora models bench`.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use serde_json::json;

use crate::{
    app::running,
    config::{Config, manifest},
    container::source::ModelSource,
    llm::{
        self, LlamaOptions,
        catalogue::Catalogue,
        machine,
        speed::{self, Bench, Measured},
    },
};

/// Measures how fast a model reads and writes here on a few numbers of threads, keeps it, and prints it.
///
/// # Errors
/// When there is no such model, it cannot be loaded, or it fails.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the output of the command")]
pub fn run(catalogue: &Catalogue, config: &Config, name: Option<&str>, as_json: bool) -> anyhow::Result<()> {
    let source = source(catalogue, name)?;
    let data = catalogue.shelf.data();
    if let Some(who) = running::other(data) {
        eprintln!("A llamora is running ({who}). What it does meanwhile slows this down.");
    }
    let local = &config.llm.local;
    let most = if local.threads > 0 { local.threads } else { machine::default_threads() };
    let counts = speed::counts(most);
    let is_shown = io::stderr().is_terminal();
    let show = |line: &str| {
        if is_shown {
            // A line that cannot be drawn is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
        }
    };
    show(&format!("loading {}", source.name()));
    let options = LlamaOptions { context: local.ctx_size, threads: Some(most) };
    let loaded = llm::load_local(&source, &options);
    show("");
    let mut generator = loaded.with_context(|| format!("{} cannot be measured", source.name()))?;
    let identity = generator.identity().clone();
    let mut measured = Vec::new();
    for (done, threads) in counts.iter().copied().enumerate() {
        show(&format!(
            "measuring {} on {threads} of {most} threads ({}/{})",
            identity.name,
            done + 1,
            counts.len()
        ));
        let speed = generator.measure(threads, &|| true);
        show("");
        if let Some(speed) = speed.context("the model failed while it was measured")? {
            measured.push(Measured { threads, speed });
        }
    }
    let sha256 = manifest::hex(&identity.sha256);
    let bench = Bench { model: identity.name, sha256, machine: machine::name(), measured };
    let Some(best) = bench.best() else {
        bail!("nothing could be measured; try again while this machine has little else to do")
    };
    let seconds = best.speed.seconds(speed::USUAL);
    let kept = speed::keep(data, bench.clone());
    if as_json {
        let told = json!({
            "model": bench.model,
            "sha256": bench.sha256,
            "machine": bench.machine,
            "measured": bench.measured,
            "best_threads": best.threads,
            "usual_reply_s": (seconds * 10.0).round() / 10.0,
            "kept": kept.is_ok(),
        });
        println!("{told:#}");
    } else {
        print(&bench, best, seconds);
    }
    kept.context("the result cannot be kept in the data folder")
}

fn source(catalogue: &Catalogue, name: Option<&str>) -> anyhow::Result<ModelSource> {
    let Some(name) = name else {
        return catalogue
            .used()
            .context("there is no language model here. `llamora models list` says where to get one");
    };
    let found = match catalogue.candidate(name)? {
        Some(found) => Some(found),
        None => match std::path::absolute(name).ok().filter(|path| path.is_file()) {
            Some(path) => catalogue.candidate(path.to_str().unwrap_or_default())?,
            None => None,
        },
    };
    let found = found.with_context(|| {
        format!("there is no model {name} here. `llamora models list` names those there are")
    })?;
    Ok(found.source)
}

#[allow(clippy::print_stdout, reason = "the output of the command")]
fn print(bench: &Bench, best: Measured, seconds: f64) {
    println!("{} on {}", bench.model, bench.machine);
    println!("threads  reading, tokens/s  writing, tokens/s  a usual reply");
    for one in &bench.measured {
        let mark = if one.threads == best.threads { "*" } else { " " };
        let wait = speed::about(one.speed.seconds(speed::USUAL));
        println!(
            "{mark} {:>5}  {:>17.1}  {:>17.1}  {wait}",
            one.threads, one.speed.reading, one.speed.writing
        );
    }
    println!(
        "A usual reply ({} tokens read, {} written) takes {} on this machine.",
        speed::USUAL.reading,
        speed::USUAL.writing,
        speed::about(seconds)
    );
}
