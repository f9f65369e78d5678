"""From what an instructor points at, a folder or a zip, to submissions: found, named, timed, and read one by one."""
