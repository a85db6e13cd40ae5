// A program outside the tree: it sees only what `meson install` has put in place.
#include <weft/weft.hpp>

int main() { return 0; }
