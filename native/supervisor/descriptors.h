#pragma once

namespace kvnest {

// Closes `first` and every descriptor above it: what the server inherited and did not mark, its own are marked.
void CloseDescriptorsFrom(int first);

// Lets go of the plugin's output: its readers see the end when the plugin closes it.
void ReplaceOutputByNull();

}  // namespace kvnest
