//! Models that other programs have fetched already: Ollama, LM Studio, llama.cpp, the cache of Hugging Face.
//!
//! Only read, never changed, and used only when somebody names one. The walk is bounded: links to folders are not
//! followed, and no more than `MOST` files are listed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::config::manifest;

/// So many files are listed at most.
const MOST: usize = 500;
/// Folders are looked into so deep.
const DEEPEST: usize = 5;
/// A manifest of Ollama is smaller than this.
const MAX_MANIFEST: u64 = 64 << 10;

/// A model in another program's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Name to use it by: `ollama:llama3.2:3b`, `lmstudio:...`, `llama.cpp:...`, `huggingface:...`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its checksum, when that program keeps it.
    pub sha256: Option<[u8; 32]>,
}

/// Where other programs keep models, by the names they have here. `value` reads the environment.
pub fn folders(value: &dyn Fn(&str) -> Option<PathBuf>) -> Vec<(&'static str, PathBuf)> {
    let home = value("HOME").or_else(|| value("USERPROFILE"));
    let below = |path: &str| home.as_ref().map(|home| home.join(path));
    let cache = value("XDG_CACHE_HOME").or_else(|| below(".cache"));
    let cached = |path: &str| cache.as_ref().map(|cache| cache.join(path));
    let hub = value("HF_HUB_CACHE").or_else(|| value("HF_HOME").map(|home| home.join("hub")));
    let places = [
        ("ollama", value("OLLAMA_MODELS").or_else(|| below(".ollama/models"))),
        ("ollama", Some(PathBuf::from("/usr/share/ollama/.ollama/models"))),
        ("lmstudio", below(".lmstudio/models")),
        ("lmstudio", cached("lm-studio/models")),
        ("llama.cpp", value("LLAMA_CACHE").or_else(|| cached("llama.cpp"))),
        ("llama.cpp", below("Library/Caches/llama.cpp")),
        ("huggingface", hub.or_else(|| cached("huggingface/hub"))),
    ];
    places.into_iter().filter_map(|(kind, folder)| Some((kind, folder?))).collect()
}

/// Lists what is in such folders, by name.
pub fn list(folders: &[(&'static str, PathBuf)]) -> Vec<Elsewhere> {
    let mut all = BTreeMap::new();
    for (kind, folder) in folders {
        let found = if *kind == "ollama" { of_ollama(folder) } else { of_files(kind, folder) };
        for model in found {
            if all.len() < MOST {
                all.entry(model.name.clone()).or_insert(model);
            }
        }
    }
    all.into_values().collect()
}

/// A file, links to files followed: the cache of Hugging Face is made of them.
fn plain(path: &Path) -> Option<(PathBuf, u64)> {
    let facts = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((fs::canonicalize(path).ok()?, facts.len()))
}

fn of_files(kind: &'static str, folder: &Path) -> Vec<Elsewhere> {
    let mut files = Vec::new();
    walk(folder, 0, &mut files);
    let mut out = Vec::new();
    for file in files {
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
        if !name.to_ascii_lowercase().ends_with(".gguf") {
            continue;
        }
        let Some((path, bytes)) = plain(&file) else { continue };
        // A blob of Hugging Face is named by its checksum.
        let sha256 = path.file_name().and_then(|blob| blob.to_str()).and_then(manifest::digest);
        out.push(Elsewhere { name: format!("{kind}:{name}"), path, bytes, sha256 });
    }
    out
}

#[derive(Deserialize)]
struct OllamaManifest {
    layers: Vec<OllamaLayer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OllamaLayer {
    media_type: String,
    digest: String,
}

/// Models of Ollama: `manifests/HOST/OWNER/NAME/TAG` names the blob `blobs/sha256-...` that holds the weights.
fn of_ollama(folder: &Path) -> Vec<Elsewhere> {
    let root = folder.join("manifests");
    let mut files = Vec::new();
    walk(&root, 0, &mut files);
    let mut out = Vec::new();
    for file in files {
        let parts: Vec<&str> = file
            .strip_prefix(&root)
            .map_or_else(|_| Vec::new(), |rest| rest.iter().filter_map(|part| part.to_str()).collect());
        let [.., owner, name, tag] = parts.as_slice() else { continue };
        let is_small = fs::metadata(&file).is_ok_and(|facts| facts.len() <= MAX_MANIFEST);
        let text = if is_small { fs::read(&file).unwrap_or_default() } else { continue };
        let Ok(manifest) = serde_json::from_slice::<OllamaManifest>(&text) else { continue };
        let weights = manifest.layers.iter().find(|layer| layer.media_type.ends_with("image.model"));
        let Some(hex) = weights.and_then(|layer| layer.digest.strip_prefix("sha256:")) else { continue };
        let Some(sha256) = manifest::digest(hex) else { continue };
        let Some((path, bytes)) = plain(&folder.join("blobs").join(format!("sha256-{hex}"))) else {
            continue;
        };
        let owner = if *owner == "library" { String::new() } else { format!("{owner}/") };
        out.push(Elsewhere {
            name: format!("ollama:{owner}{name}:{tag}"),
            path,
            bytes,
            sha256: Some(sha256),
        });
    }
    out
}

/// Files below a folder; links to folders are not followed.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let mut items: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    items.sort_by_key(fs::DirEntry::file_name);
    for item in items {
        let Ok(kind) = item.file_type() else { continue };
        if kind.is_dir() {
            if depth < DEEPEST {
                walk(&item.path(), depth + 1, files);
            }
        } else if files.len() < 4 * MOST {
            files.push(item.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn models_of_other_programs_are_found_by_name_and_not_touched() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        let hex = "5a".repeat(32);
        let layers = format!(
            r#"{{"layers":[{{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:00"}},
                {{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:{hex}","size":4}}]}}"#
        );
        write(&at(".ollama/models/manifests/registry.ollama.ai/library/llama3.2/3b"), layers.as_bytes());
        write(&at(".ollama/models/manifests/registry.ollama.ai/me/own/latest"), layers.as_bytes());
        write(&at(".ollama/models/manifests/registry.ollama.ai/library/broken/1b"), b"{");
        write(&at(&format!(".ollama/models/blobs/sha256-{hex}")), b"GGUF");
        write(&at(".lmstudio/models/who/what/Big-Q4.gguf"), b"GGUF..");
        write(&at(".cache/llama.cpp/ggml-org_small.gguf"), b"GGUF.");
        write(&at(".cache/llama.cpp/ggml-org_small.json"), b"{}");
        let hub = ".cache/huggingface/hub/models--a--b";
        write(&at(&format!("{hub}/blobs/{hex}")), b"GGUF...");
        fs::create_dir_all(at(&format!("{hub}/snapshots/1"))).unwrap();
        #[cfg(unix)]
        {
            let link = at(&format!("{hub}/snapshots/1/b-Q8_0.gguf"));
            std::os::unix::fs::symlink(format!("../../blobs/{hex}"), link).unwrap();
            // A circle does not trap the walk.
            std::os::unix::fs::symlink(home.path(), at(".lmstudio/models/circle")).unwrap();
        }
        let value = |name: &str| (name == "HOME").then(|| home.path().to_owned());
        let found = list(&folders(&value));
        let names: Vec<_> = found.iter().map(|model| (model.name.as_str(), model.bytes)).collect();
        assert!(names.contains(&("ollama:llama3.2:3b", 4)) && names.contains(&("ollama:me/own:latest", 4)));
        assert!(names.contains(&("lmstudio:Big-Q4.gguf", 6)), "{names:?}");
        assert!(names.contains(&("llama.cpp:ggml-org_small.gguf", 5)), "{names:?}");
        if cfg!(unix) {
            let cached = found.iter().find(|model| model.name == "huggingface:b-Q8_0.gguf").unwrap();
            assert_eq!((cached.bytes, cached.sha256), (7, Some([0x5a; 32])));
        }
        assert!(!names.iter().any(|(name, _)| name.contains("broken") || name.contains("json")));
    }
}
