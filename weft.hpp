// The one header a user of weft needs.
#pragma once
