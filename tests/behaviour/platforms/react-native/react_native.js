export { default as AppState } from "./node_modules/react-native/Libraries/AppState/AppState";
