//! The program. Everything is in the library; this parses arguments and turns an error into an exit code.

use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Freed memory is wiped, so that text and keys do not linger in the heap.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    llamora::cli::main()
}
