//! Copies of model files on their way to the shelf, and what is left of one that broke off.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
};

use crate::llm::shelf::{Shelf, ShelfError, failed};

/// End of the name of a copy that is being made.
const ADDING: &str = ".adding";

impl Shelf {
    /// Removes copies that broke off, because the program was killed or the power went: nobody sees them, nothing goes
    /// on with them, and they may be gigabytes. One that is being made is locked by whoever makes it.
    pub fn sweep(&self) {
        for item in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = item.file_name();
            let is_copy = name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(ADDING));
            if !is_copy || !item.metadata().is_ok_and(|facts| facts.is_file()) {
                continue;
            }
            if File::open(item.path()).is_ok_and(|copy| copy.try_lock().is_ok()) {
                // What cannot be removed now may be the next time.
                let _ = fs::remove_file(item.path());
            }
        }
    }
}

/// Name of the copy that this program makes of a file.
pub(super) fn temp_name(name: &str) -> String {
    format!(".{name}.{}{ADDING}", std::process::id())
}

/// Copies a file, as long as it is wanted. The copy is given back open, and so locked against [`Shelf::sweep`].
pub(super) fn copy(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
    is_wanted: &dyn Fn() -> bool,
) -> Result<File, ShelfError> {
    let mut source = File::open(from).map_err(failed("the file cannot be read"))?;
    let all = source.metadata().map_err(failed("the file cannot be read"))?.len();
    let mut sink = File::create(to).map_err(failed("the folder of models cannot be written"))?;
    // A file system without locks sweeps nothing either.
    let _ = sink.try_lock();
    let mut block = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        if !is_wanted() {
            return Err(ShelfError::Stopped);
        }
        let n = source.read(&mut block).map_err(failed("the file cannot be read"))?;
        if n == 0 {
            break;
        }
        sink.write_all(&block[..n]).map_err(failed("the folder of models cannot be written"))?;
        done += n as u64;
        progress(done, all);
    }
    sink.sync_all().map_err(failed("the folder of models cannot be written"))?;
    Ok(sink)
}
