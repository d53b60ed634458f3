import Glibc

// Functions of glibc behind _GNU_SOURCE, which the Glibc module does not show. Only integers and pointers cross, where
// Swift's calling convention and C's are the same.

@_silgen_name("pipe2")
func linuxPipe2(_ ends: UnsafeMutablePointer<CInt>, _ flags: CInt) -> CInt

@_silgen_name("memfd_create")
func linuxMemfdCreate(_ name: UnsafePointer<CChar>, _ flags: CUnsignedInt) -> CInt

@_silgen_name("posix_spawn_file_actions_addchdir_np")
func linuxSpawnAddChdir(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ path: UnsafePointer<CChar>) -> CInt

@_silgen_name("posix_spawn_file_actions_addclosefrom_np")
func linuxSpawnAddCloseFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: CInt) -> CInt
