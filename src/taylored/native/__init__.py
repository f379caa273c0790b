"""Machine code from programs: vectors of lanes, made by LLVM when they are first needed."""
