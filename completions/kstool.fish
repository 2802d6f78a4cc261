# fish completion for kstool; what it offers comes from `kstool __complete`
function __kstool_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l plain (string unescape -- "$current"); or set plain "$current"
    set -l out (kstool __complete -- $words "$plain" 2>/dev/null)
    test (count $out) -gt 0; or return
    set -l last $out[-1]
    set -e out[-1]
    test (count $out) -gt 0; and printf '%s\n' $out
    switch $last
        case ':file*'
            __fish_complete_path "$plain"
        case ':dir'
            __fish_complete_directories "$plain" ''
    end
end
complete -c kstool -f -a '(__kstool_complete)'
