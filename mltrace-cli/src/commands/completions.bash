# Completes the commands of mltrace and the names of artifacts, components and runs.
_mltrace() {
    # Bash takes a colon for the end of a word, and names such as `s3://bucket/a.csv` hold some: read the line again.
    # Without `-r`, a backslash keeps a space inside its word.
    local line=${COMP_LINE:0:COMP_POINT} words=() word
    # shellcheck disable=SC2162
    read -a words <<<"$line"
    [[ $line == *[[:space:]] || ${#words[@]} -lt 2 ]] && words+=("")
    local last=$((${#words[@]} - 1))
    # What stands before the last break is on the line already.
    local current=${words[last]}
    local kept=${current%"${current##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r word; do
        [[ -n $word ]] || continue
        printf -v word %q "${word#"$kept"}"
        COMPREPLY+=("$word")
    done < <(
        COMPLETE=bash _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$last _CLAP_COMPLETE_COMP_TYPE=$COMP_TYPE \
            _CLAP_COMPLETE_SPACE=true mltrace -- "${words[@]}" 2>/dev/null
        echo
    )
}
complete -o bashdefault -F _mltrace mltrace
